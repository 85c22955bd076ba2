"""The client side of orders: what leaves, what is known of it, and what is written down."""

from real_trade.orders.desk import OrderDesk
from real_trade.orders.journal import Journal, JournalError, MemoryJournal
from real_trade.orders.settings import Absence, DeskSettings, Unprotected
from real_trade.orders.tracker import Tracker
from real_trade.orders.values import (
    Action,
    Finding,
    FindingKind,
    Guard,
    Listener,
    OrderChange,
    Restored,
)

__all__ = [
    "Absence",
    "Action",
    "DeskSettings",
    "Finding",
    "FindingKind",
    "Guard",
    "Journal",
    "JournalError",
    "Listener",
    "MemoryJournal",
    "OrderChange",
    "OrderDesk",
    "Restored",
    "Tracker",
    "Unprotected",
]
