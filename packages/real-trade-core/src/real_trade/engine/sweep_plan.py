"""What a parameter search looks for, and where: plain values that workers share."""

from __future__ import annotations

import hashlib
import json
from ast import literal_eval
from collections.abc import Iterable, Sequence
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import attrs

from real_trade.engine.evaluation import objective_of
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError

__all__ = ["Range", "Search", "SweepPlan", "digest_of_bars", "digest_of_file", "parse_search"]

Value = str | int | float | bool


@attrs.frozen
class Range:
    """Numbers from `low` to `high`, both included; whole ones unless one of them is a float."""

    low: float
    high: float
    step: float | None

    @property
    def is_whole(self) -> bool:
        """Whether the parameter is an integer."""
        return all(isinstance(one, int) for one in (self.low, self.high, self.step or 1))

    def values(self) -> list[Value]:
        """Return all values, for a grid.

        Raises:
            ConfigurationError: there is no end of them.
        """
        step = self.step or (1 if self.is_whole else None)
        if step is None:
            raise ConfigurationError(
                f"a grid needs a step between {self.low:g} and {self.high:g}",
                remedy=f"write {self.low:g}:{self.high:g}:STEP, or use --sampler tpe",
            )
        grid = (round(self.low + step * number, 12) for number in count())
        found = takewhile(lambda one: one <= self.high + 1e-9, grid)
        return [int(one) if self.is_whole else one for one in found]


Search = dict[str, Range | tuple[Value, ...]]


def parse_search(words: Iterable[str], known: Sequence[str]) -> Search:
    """Return the space of words such as `fast=5:20`, `stop=0.01:0.05:0.01` and `kind=a,b`.

    Args:
        known: the strategy's parameters.

    Raises:
        ConfigurationError: a word is none, or names no parameter.
    """
    space: Search = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (equals and text):
            raise ConfigurationError(
                f"--search takes NAME=LOW:HIGH[:STEP] or NAME=A,B,C, not {word!r}",
                remedy="for example: --search fast=5:20",
            )
        if name not in known:
            raise ConfigurationError(
                f"the strategy has no parameter {name!r}", remedy=f"it has: {', '.join(known)}"
            )
        space[name] = _range(word, text) if ":" in text else tuple(map(_value, text.split(",")))
    if not space:
        raise ConfigurationError("there is nothing to search", remedy="--search fast=5:20")
    return space


def _range(word: str, text: str) -> Range:
    parts = [_value(part) for part in text.split(":")]
    numbers = [one for one in parts if isinstance(one, (int, float)) and not isinstance(one, bool)]
    if len(numbers) != len(parts) or len(parts) not in {2, 3}:
        raise ConfigurationError(
            f"{word!r} is no range", remedy="write NAME=LOW:HIGH or NAME=LOW:HIGH:STEP"
        )
    low, high, *rest = numbers
    if low > high or (rest and rest[0] <= 0):
        raise ConfigurationError(f"{word!r} is empty", remedy="LOW first, and a STEP above zero")
    return Range(low, high, rest[0] if rest else None)


def _value(text: str) -> Value:
    try:
        found = literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()
    return found if isinstance(found, (str, int, float, bool)) else text.strip()


@attrs.frozen(kw_only=True)
class SweepPlan:
    """Everything that decides what a trial comes to; workers refuse to work on another one.

    Attributes:
        strategy: as on the command line; a file's digest is in `code`.
        bars: how to get the bars, as the command's own words, and `data` their digest.
        window: which part of the bars, as (first, past the last) row.
    """

    strategy: str
    code: str
    fixed: dict[str, Any]
    space: Search
    objective: str
    bars: dict[str, Any]
    data: str
    window: tuple[int, int]
    cash: float
    commission: float

    def to_json(self) -> str:
        """Return the plan as text."""
        return json.dumps(attrs.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> SweepPlan:
        """Return the plan that `to_json` made `text` of."""
        values = json.loads(text)
        space: Search = {
            name: Range(**one) if isinstance(one, dict) else tuple(one)
            for name, one in values["space"].items()
        }
        objective_of(values["objective"])
        return cls(**(values | {"space": space, "window": tuple(values["window"])}))

    @property
    def name(self) -> str:
        """Return a name that the same plan has again."""
        word = self.strategy.rpartition(":")[2] or self.strategy
        digest = hashlib.sha256(self.to_json().encode()).hexdigest()[:8]
        return f"{Path(word).stem}-{digest}"


def digest_of_file(strategy: str) -> str:
    """Return the digest of the strategy's file, "" where it is no file."""
    path = Path(strategy.partition(":")[0])
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def digest_of_bars(table: BarTable) -> str:
    """Return the digest of all figures of a table."""
    digest = hashlib.sha256(f"{table.symbol} {table.timeframe.value}".encode())
    for column in ("open_ms", "open", "high", "low", "close", "volume"):
        digest.update(getattr(table, column).tobytes())
    return digest.hexdigest()
