"""Binance's futures: USDⓈ-M and COIN-M, which speak the same protocol but for names and units."""
