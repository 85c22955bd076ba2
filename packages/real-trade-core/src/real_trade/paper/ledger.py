"""Double-entry books of one account: every movement sums to zero in each asset, exactly."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from decimal import Context, Decimal
from enum import Enum
from typing import NamedTuple

import attrs

from real_trade.model import Balance
from real_trade.model.numbers import ZERO
from real_trade.utils.errors import DataError

__all__ = ["Book", "Entry", "Ledger", "Posting", "PostingKind", "exact_sum"]

# Wide enough that no sum of prices times amounts times rates is ever rounded.
_WIDE = Context(prec=120)
_add = _WIDE.add


def exact_sum(*amounts: Decimal) -> Decimal:
    """Return the sum, without rounding to the default 28 digits."""
    total = ZERO
    for amount in amounts:
        total = _add(total, amount)
    return total


class Book(Enum):
    """Where value is: with the account (free, locked) or with one of its counterparties."""

    FREE = "free"
    LOCKED = "locked"
    MARKET = "market"  # the other side of trades
    FEES = "fees"
    FUNDING = "funding"
    INSURANCE = "insurance"  # what liquidation takes or covers
    EXTERNAL = "external"  # deposits and withdrawals


class PostingKind(Enum):
    """What a movement was for."""

    DEPOSIT = "deposit"
    WITHDRAW = "withdraw"
    LOCK = "lock"
    RELEASE = "release"
    TRADE = "trade"
    FUNDING = "funding"
    LIQUIDATION = "liquidation"


class Entry(NamedTuple):
    """One line: `amount` came into `book` (negative: went out)."""

    book: Book
    asset: str
    amount: Decimal


@attrs.frozen
class Posting:
    """One movement with its entries; they sum to zero in each asset.

    `reference` is the order id, trade id or other cause, in words.
    """

    sequence: int
    time: datetime
    kind: PostingKind
    reference: str
    entries: tuple[Entry, ...]


class Ledger:
    """The books of one account. Totals are kept; the newest postings too, for an audit.

    Args:
        keep: how many postings are kept to look at; totals never forget.
        may_owe: whether funds may be negative: a futures wallet, while open profit stands for it.
    """

    def __init__(self, keep: int = 50_000, *, may_owe: bool = False) -> None:
        self._may_owe = may_owe
        self._totals: dict[tuple[Book, str], Decimal] = {}
        self._assets: dict[str, None] = {}
        self._postings: deque[Posting] = deque(maxlen=keep)
        self._count = 0

    def post(
        self, time: datetime, kind: PostingKind, reference: str, entries: Sequence[Entry]
    ) -> None:
        """Book one movement.

        Raises:
            DataError: its entries do not sum to zero, or free or locked funds would be negative;
                nothing is booked.
        """
        changed = self._sum(entries, kind, reference)
        self._totals.update(changed)
        for entry in entries:
            self._assets.setdefault(entry.asset)
        self._count += 1
        self._postings.append(Posting(self._count, time, kind, reference, tuple(entries)))

    def _sum(
        self, entries: Sequence[Entry], kind: PostingKind, reference: str
    ) -> dict[tuple[Book, str], Decimal]:
        changed: dict[tuple[Book, str], Decimal] = {}
        sums: dict[str, Decimal] = {}
        totals = self._totals
        for book, asset, amount in entries:
            key = (book, asset)
            before = changed.get(key)
            changed[key] = _add(totals.get(key, ZERO) if before is None else before, amount)
            sums[asset] = _add(sums.get(asset, ZERO), amount)
        for asset, total in sums.items():
            if total:
                raise DataError(f"{kind.value} {reference}: {asset} entries sum to {total}, not 0")
        if self._may_owe:
            return changed
        for (book, asset), total in changed.items():
            if total < 0 and (book is Book.FREE or book is Book.LOCKED):
                raise DataError(f"{kind.value} {reference}: {book.value} {asset} would be {total}")
        return changed

    def total(self, book: Book, asset: str) -> Decimal:
        """Return what is in `book`."""
        return self._totals.get((book, asset), ZERO)

    def free(self, asset: str) -> Decimal:
        """Return what may be used."""
        return self._totals.get((Book.FREE, asset), ZERO)

    def balance(self, asset: str) -> Balance:
        """Return free and locked funds of one asset."""
        return Balance(asset=asset, free=self.free(asset), locked=self.total(Book.LOCKED, asset))

    def balances(self) -> dict[str, Balance]:
        """Return the assets that are not zero, in the order in which they first moved."""
        found = (self.balance(asset) for asset in self._assets)
        return {balance.asset: balance for balance in found if balance.total}

    @property
    def assets(self) -> tuple[str, ...]:
        """Return all assets that ever moved, in the order of their first movement."""
        return tuple(self._assets)

    @property
    def postings(self) -> tuple[Posting, ...]:
        """Return the newest postings, oldest first."""
        return tuple(self._postings)

    @property
    def count(self) -> int:
        """Return how many postings were ever made."""
        return self._count

    def check(self) -> None:
        """Prove that every asset sums to zero and that no funds are negative.

        Raises:
            DataError: they do not; the message says which asset and by how much.
        """
        for asset in self._assets:
            total = exact_sum(*(self.total(book, asset) for book in Book))
            if total:
                raise DataError(f"the books of {asset} sum to {total}, not 0")
            owes = self.free(asset) < 0 or self.total(Book.LOCKED, asset) < 0
            if owes and not self._may_owe:
                raise DataError(f"funds of {asset} are negative: {self.balance(asset)}")
        if self._count == len(self._postings):
            self._recount()

    def _recount(self) -> None:
        counted: dict[tuple[Book, str], Decimal] = {}
        for posting in self._postings:
            for book, asset, amount in posting.entries:
                counted[book, asset] = _add(counted.get((book, asset), ZERO), amount)
        if counted != self._totals:
            raise DataError("the totals are not the sums of the postings")
