"""Bar lengths in Backtrader's words and in the exchange's."""

from __future__ import annotations

import backtrader as bt

from real_trade.model import Timeframe
from real_trade.utils.errors import ConfigurationError

__all__ = ["length_of", "words_of"]

_UNITS = {
    "s": bt.TimeFrame.Seconds,
    "m": bt.TimeFrame.Minutes,
    "h": bt.TimeFrame.Minutes,
    "d": bt.TimeFrame.Days,
    "w": bt.TimeFrame.Weeks,
    "M": bt.TimeFrame.Months,
}
_DEFAULT = Timeframe.H1


def words_of(length: Timeframe) -> tuple[int, int]:
    """Return Backtrader's `timeframe` and `compression` for a bar length."""
    unit, count = length.value[-1], int(length.value[:-1])
    return _UNITS[unit], count * 60 if unit == "h" else count


def length_of(text: str | None, timeframe: int | None, compression: int | None) -> Timeframe:
    """Return the bar length that a feed's parameters name, one hour if they name none.

    Raises:
        ConfigurationError: there is no such length, or the parameters contradict each other.
    """
    named = None if text is None else _parsed(text)
    if timeframe is None:
        if compression is not None:
            raise ConfigurationError(
                f"compression={compression} says nothing without a timeframe",
                remedy='give both, or ccxt_timeframe, such as "15m"',
            )
        return named or _DEFAULT
    words = (timeframe, 1 if compression is None else compression)
    found = next((length for length in Timeframe if words_of(length) == words), None)
    if found is None:
        raise ConfigurationError(
            f"there are no bars of {words[1]} x {bt.TimeFrame.getname(timeframe, words[1])} "
            f"(known: {', '.join(length.value for length in Timeframe)})",
            remedy="use the nearest shorter one and cerebro.resampledata",
        )
    if named is not None and named is not found:
        raise ConfigurationError(
            f"ccxt_timeframe={text!r} contradicts timeframe and compression, which say "
            f"{found.value!r}",
            remedy="give one of the two",
        )
    return found


def _parsed(text: str) -> Timeframe:
    try:
        return Timeframe.parse(text)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
