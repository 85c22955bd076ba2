"""Which of many entries a request asks for: Binance asks the same way for orders and trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs

from real_trade.simulator.parameters import Parameters

__all__ = ["Page"]

T = TypeVar("T")


@attrs.frozen
class Page:
    """From an id, or between two times: the oldest from there on, else the newest of all."""

    first_id: int | None
    start: int | None
    end: int | None
    limit: int

    @classmethod
    def read(cls, params: Parameters, id_name: str = "fromId") -> Page:
        """Return what is asked for, by default 500 and at most 1000 entries."""
        return cls(
            first_id=params.integer(id_name),
            start=params.integer("startTime"),
            end=params.integer("endTime"),
            limit=params.limit(500, 1000),
        )

    @property
    def has_times(self) -> bool:
        """Whether either time is given."""
        return self.start is not None or self.end is not None

    def of(
        self, entries: Iterable[T], number: Callable[[T], int], ms: Callable[[T], int]
    ) -> list[T]:
        """Return the page of `entries`, which come oldest first."""
        found = [
            one
            for one in entries
            if (self.first_id is None or number(one) >= self.first_id)
            and (self.start is None or ms(one) >= self.start)
            and (self.end is None or ms(one) <= self.end)
        ]
        is_forward = self.first_id is not None or self.start is not None
        return found[: self.limit] if is_forward else found[-self.limit :]
