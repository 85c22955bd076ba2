"""Backtrader's side: store, broker and feed on any exchange, with the seed's names."""

from real_trade.common.base_broker import BaseBroker
from real_trade.common.base_data import BaseData
from real_trade.common.base_store import BaseStore
from real_trade.common.base_websocket import BaseWebSocket

__all__ = ["BaseBroker", "BaseData", "BaseStore", "BaseWebSocket"]
