"""Entries on their way into the journal: what waits goes in one transaction."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from real_trade.orders.entries import Entry, Sending
from real_trade.orders.journal import Journal, JournalError
from real_trade.runtime import Lane

__all__ = ["Outbox", "Ticket"]

_LOG = logging.getLogger("real_trade.orders")


class Ticket:
    """An entry that something waits for: written, failed, or still on its way."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.is_written = False
        self.error: JournalError | None = None


class Outbox:
    """Puts entries into the journal, in the order they came, off Cerebro's thread.

    Any number of orders that wait for the lane are made durable by one commit. An intent that could
    not be written is dropped, and its order is not sent; other entries are kept and come first next
    time.

    Args:
        on_error: told, on the lane, when entries could not be written.
    """

    def __init__(
        self, journal: Journal, lane: Lane, on_error: Callable[[JournalError], None]
    ) -> None:
        self._journal = journal
        self._lane = lane
        self._on_error = on_error
        self._waiting: deque[Ticket] = deque()
        self._left_over: list[Ticket] = []
        self._scheduled = False

    def add(self, entry: Entry) -> Ticket:
        """Queue an entry; a `Sending` is written when its sender flushes, others soon."""
        ticket = Ticket(entry)
        self._waiting.append(ticket)
        if not self._journal.blocks:
            self.flush()
        elif not isinstance(entry, Sending) and not self._scheduled:
            self._scheduled = True
            self._lane.submit(self.flush)
        return ticket

    @property
    def has_left_overs(self) -> bool:
        """Whether entries wait for a journal that could not take them."""
        return bool(self._left_over)

    def flush(self) -> None:
        """Write all that waits; only the lane may call this, or nobody else is left."""
        # Before anything is taken: what is added from now on is flushed anew.
        self._scheduled = False
        batch = [*self._left_over]
        while self._waiting:
            batch.append(self._waiting.popleft())
        if not batch:
            return
        try:
            self._journal.write([ticket.entry for ticket in batch])
        except JournalError as error:
            self._refused(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever broke, nothing may be sent
            self._refused(batch, JournalError(f"the journal failed: {error}", is_final=True))
        else:
            self._left_over = []
            for ticket in batch:
                ticket.is_written = True

    def _refused(self, batch: list[Ticket], error: JournalError) -> None:
        self._left_over = [one for one in batch if not isinstance(one.entry, Sending)]
        for ticket in batch:
            if isinstance(ticket.entry, Sending):
                ticket.error = error
        _LOG.error("journal: %s", error)
        self._on_error(error)
