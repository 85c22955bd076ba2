"""Checks of what a user typed: each returns whether it is right, and what to change if not."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from real_trade.utils.secrets import Secret
from real_trade.utils.time_utils import TIMEFRAMES

__all__ = [
    "Verdict",
    "validate_amount",
    "validate_api_key",
    "validate_api_keys",
    "validate_percentage",
    "validate_positive",
    "validate_price",
    "validate_symbol",
    "validate_timeframe",
]

Verdict = tuple[bool, str]
"""Whether it is right, and a sentence for the user if it is not."""

_OK: Verdict = (True, "")
# BTC/USDT, BTC/USDT:USDT, BTC/USD:BTC, BTC/USD:BTC-260327
_SYMBOL = re.compile(r"\w[\w.-]{0,31}/\w[\w.-]{0,31}(:\w[\w.-]{0,31}(-\d{6})?)?")
_QUOTES = ("FDUSD", "USDT", "USDC", "BTC", "ETH", "BNB", "EUR", "TRY", "USD")
_SHORTEST_KEY = 10


def validate_symbol(symbol: Any) -> Verdict:
    """Check a unified symbol: `BTC/USDT`, with `:SETTLE` on derivatives."""
    if not isinstance(symbol, str) or not symbol:
        return False, "the symbol is empty; write one such as BTC/USDT"
    if _SYMBOL.fullmatch(symbol) and symbol == symbol.upper():
        return _OK
    return False, f"symbol {symbol[:64]!r} is not BASE/QUOTE; {_symbol_hint(symbol)}"


def _symbol_hint(symbol: str) -> str:
    upper = re.sub(r"[-_ ]", "/", symbol.strip().upper())
    if _SYMBOL.fullmatch(upper):
        return f"did you mean {upper}?"
    for quote in _QUOTES:
        base = upper.removesuffix(quote)
        if base != upper and re.fullmatch(r"\w{1,32}", base):
            return f"did you mean {base}/{quote}?"
    return "write one such as BTC/USDT or BTC/USDT:USDT"


def validate_timeframe(timeframe: Any) -> Verdict:
    """Check a timeframe, such as `1h`."""
    if isinstance(timeframe, str) and timeframe in TIMEFRAMES:
        return _OK
    near = get_close_matches(str(timeframe), TIMEFRAMES, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]}? " if near else ""
    return False, f"unknown timeframe {timeframe!r}; {hint}(known: {', '.join(TIMEFRAMES)})"


def validate_amount(amount: Any) -> Verdict:
    """Check an amount to trade: a finite number above zero."""
    return validate_positive(amount, "amount")


def validate_price(price: Any) -> Verdict:
    """Check a price: a finite number above zero."""
    return validate_positive(price, "price")


def validate_positive(value: Any, name: str = "value") -> Verdict:
    """Check that `value` is a finite number above zero."""
    number = _number(value)
    if number is None:
        return False, f"{name} must be a finite number, not {value!r}"
    return _OK if number > 0 else (False, f"{name} must be above zero, not {value}")


def validate_percentage(value: Any, name: str = "percentage") -> Verdict:
    """Check that `value` is a ratio from 0 to 1: 0.03 is 3 %."""
    number = _number(value)
    if number is None:
        return False, f"{name} must be a finite number, not {value!r}"
    if 0 <= number <= 1:
        return _OK
    hint = f"; {value} % is written {number / 100}" if 1 < number <= 100 else ""
    return False, f"{name} must be from 0 to 1, not {value}{hint}"


def validate_api_key(key: str | Secret, name: str = "API key") -> Verdict:
    """Check that `key` could be a key at all. No message shows it."""
    text = Secret(key).reveal() if isinstance(key, (str, Secret)) else ""
    if not text:
        return False, f"the {name} is empty"
    if text.upper().startswith("YOUR_"):
        return False, f"the {name} is still the template's placeholder"
    if not (text.isascii() and text.isprintable()) or " " in text:
        return False, f"the {name} holds a space or an unusual character; copy it again"
    if len(text) < _SHORTEST_KEY:
        return False, f"the {name} is too short ({len(text)} characters); copy it again"
    return _OK


def validate_api_keys(apikey: str | Secret, secret: str | Secret) -> Verdict:
    """Check a key and its secret, which must differ."""
    for key, name in ((apikey, "API key"), (secret, "API secret")):
        verdict = validate_api_key(key, name)
        if not verdict[0]:
            return verdict
    if Secret(apikey) == Secret(secret):
        return False, "the API key and the API secret are the same; copy the secret again"
    return _OK


def _number(value: Any) -> Decimal | None:
    """Return `value` as a finite number, or None if it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    try:
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
