"""What Binance's refusals mean, by market and code.

Codes that are not listed, such as -1000, -1001, -1006, -1007 and -1008, leave the outcome of a
write unknown; so does every HTTP status of 500 and above (Binance, "Error codes" of each market).
"""

from __future__ import annotations

from types import MappingProxyType

from real_trade.exchange.outcomes import OutcomeTable, Verdict
from real_trade.model import Market

__all__ = ["OUTCOMES"]

_V = Verdict

_COMMON: dict[int | str, Verdict] = {
    -1002: _V.AUTH,
    -1003: _V.RATE_LIMITED,
    -1013: _V.INVALID,
    -1014: _V.REJECTED,
    -1015: _V.UNAVAILABLE,
    -1016: _V.REJECTED,
    -1020: _V.REJECTED,
    -1021: _V.CLOCK,
    -1022: _V.AUTH,
    -1034: _V.UNAVAILABLE,
    -1121: _V.SYMBOL,
    -2010: _V.REJECTED,
    -2011: _V.NOT_FOUND,
    -2013: _V.NOT_FOUND,
    -2014: _V.AUTH,
    -2015: _V.AUTH,
    -2016: _V.REJECTED,
    -2026: _V.REJECTED,
}

_MESSAGES: tuple[tuple[int | str, str, Verdict], ...] = (
    (-2010, "insufficient balance", _V.FUNDS),
    (-2010, "duplicate order", _V.DUPLICATE),
    (-2010, "would immediately match", _V.INVALID),
    (-2010, "would trigger immediately", _V.INVALID),
    (-2011, "cancel restrictions", _V.REJECTED),
)

_RANGES = ((-1199, -1100, _V.INVALID),)

_SPOT = OutcomeTable(
    codes=MappingProxyType(
        _COMMON
        | {
            -2035: _V.REJECTED,
            -2036: _V.REJECTED,
            -2038: _V.REJECTED,
            -2039: _V.REJECTED,
            -2042: _V.REJECTED,
        }
    ),
    messages=_MESSAGES,
    ranges=_RANGES,
)

_DERIVATIVES = OutcomeTable(
    codes=MappingProxyType(
        _COMMON
        | {
            -2018: _V.FUNDS,
            -2019: _V.FUNDS,
            -2020: _V.INVALID,
            -2021: _V.INVALID,
            -2022: _V.INVALID,
            -2023: _V.REJECTED,
            -2024: _V.FUNDS,
            -2025: _V.REJECTED,
            -2027: _V.REJECTED,
            -2028: _V.REJECTED,
            -4116: _V.DUPLICATE,
            -5021: _V.INVALID,
            -5022: _V.INVALID,
            -5028: _V.CLOCK,
        }
    ),
    messages=_MESSAGES,
    ranges=(*_RANGES, (-4999, -4000, _V.INVALID)),
)

OUTCOMES = MappingProxyType(
    {Market.SPOT: _SPOT, Market.FUTURE: _DERIVATIVES, Market.DELIVERY: _DERIVATIVES}
)
"""The table of each market."""
