"""Binance spot: REST `/api/v3` and `/sapi/v1`, the websocket API, market and user streams."""
