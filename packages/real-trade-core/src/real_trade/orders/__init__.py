"""The client side of orders: what leaves, what is known of it, and what is written down."""

from real_trade.orders.desk import OrderDesk
from real_trade.orders.journal import Journal, MemoryJournal
from real_trade.orders.tracker import Tracker
from real_trade.orders.values import Guard, Listener, OrderChange

__all__ = [
    "Guard",
    "Journal",
    "Listener",
    "MemoryJournal",
    "OrderChange",
    "OrderDesk",
    "Tracker",
]
