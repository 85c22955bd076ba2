"""What is written down before anything is sent, and read again after a restart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from real_trade.orders.entries import Entry
from real_trade.orders.ids import base36
from real_trade.utils.errors import RealTradeError

__all__ = ["Journal", "JournalError", "MemoryJournal"]


class JournalError(RealTradeError):
    """The journal cannot be written or must not be trusted: nothing is sent without it.

    Attributes:
        is_final: whether trying again is of no use before a person has looked at it.
    """

    def __init__(self, message: str, *, remedy: str = "", is_final: bool = False) -> None:
        super().__init__(message, remedy=remedy)
        self.is_final = is_final


class Journal(Protocol):
    """An append-only record of everything that our knowledge of orders follows from."""

    @property
    def blocks(self) -> bool:
        """Whether `write` may block, so that it belongs on a lane."""

    def next_client_order_id(self) -> str:
        """Return a client order id that was never used before."""

    def is_own_id(self, client_order_id: str) -> bool:
        """Return whether this bot made the id, in this run or an earlier one."""

    def write(self, entries: Sequence[Entry]) -> None:
        """Make entries durable, all or none.

        Raises:
            JournalError: they are not, and what depends on them must not be done.
        """

    def replay(self) -> Iterator[Entry]:
        """Yield all that was written, oldest first."""

    def close(self) -> None:
        """Let go of what it holds; safe to call again."""


class MemoryJournal:
    """A journal for backtest and paper: nothing on disk, so a restart begins anew.

    Args:
        prefix: what ids begin with; unique to this run.
        keeps: whether entries are kept for `replay`.
    """

    blocks = False

    def __init__(self, prefix: str = "rt-mem", *, keeps: bool = False) -> None:
        self._prefix = prefix
        self._count = 0
        self._keeps = keeps
        self._entries: list[Entry] = []

    def next_client_order_id(self) -> str:
        """Return the prefix with a number that counts up."""
        self._count += 1
        return f"{self._prefix}-{base36(self._count)}"

    def is_own_id(self, client_order_id: str) -> bool:
        """Return whether the id has the prefix."""
        return client_order_id.startswith(f"{self._prefix}-")

    def write(self, entries: Sequence[Entry]) -> None:
        """Keep the entries, if this journal keeps any."""
        if self._keeps:
            self._entries.extend(entries)

    def replay(self) -> Iterator[Entry]:
        """Yield what was kept, oldest first."""
        return iter(list(self._entries))

    def close(self) -> None:
        """Keep what was kept: it is in memory, and may be replayed."""
