"""The parameters of one request: read once each, checked in Binance's order and words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import unquote_plus

import orjson

from real_trade.simulator.errors import (
    ApiError,
    either,
    empty,
    illegal,
    invalid,
    mandatory,
    too_precise,
)

__all__ = ["Parameters", "order_ids"]

E = TypeVar("E", bound=Enum)

_NUMBER = re.compile(r"([0-9]{1,20})(\.[0-9]{1,20})?")
_NUMBER_RANGE = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_INTEGER = re.compile(r"[0-9]{1,20}")
_INTEGER_RANGE = "^[0-9]{1,20}$"
_SYMBOL = re.compile(r"[^a-z\s!-,/:-@\[-^`{-~]{1,50}")
_SYMBOL_RANGE = r"^[\w\-._&&[^a-z]]{1,50}$"
_CLIENT_ID = re.compile(r"[a-zA-Z0-9\-_]{1,36}")
_CLIENT_ID_RANGE = "^[a-zA-Z0-9-_]{1,36}$"


class Parameters:
    """Named texts. What a handler does not read is refused at the end, as Binance does."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        self._read: set[str] = set()
        for name, value in pairs:
            if name in self._values:
                raise ApiError(-1101, "Duplicate values for a parameter detected.")
            self._values[name] = value

    @classmethod
    def from_http(cls, query: str, body: str) -> Parameters:
        """Return the parameters of a query string and a form body; the query wins."""
        seen: dict[str, str] = {}
        pairs = _pairs(query)
        if body:
            seen = dict(pairs)
            pairs = pairs + [(name, value) for name, value in _pairs(body) if name not in seen]
        return cls(pairs)

    @classmethod
    def from_json(cls, params: dict[str, Any]) -> Parameters:
        """Return the parameters of a websocket API request."""
        return cls((str(name), _text(value)) for name, value in params.items())

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __len__(self) -> int:
        return len(self._values)

    def peek(self, name: str) -> str:
        """Return a value without counting it as read; "" if it is not there."""
        return self._values.get(name, "")

    def ignore(self, *names: str) -> None:
        """Count `names` as read."""
        self._read.update(names)

    def text(self, name: str) -> str | None:
        """Return a value that may be missing, but not empty."""
        self._read.add(name)
        value = self._values.get(name)
        if value == "":
            raise empty(name)
        return value

    def need(self, name: str) -> str:
        """Return a value that must be there."""
        self._read.add(name)
        value = self._values.get(name)
        if not value:
            raise mandatory(name)
        return value

    def symbol(self, name: str = "symbol") -> str:
        """Return a symbol as written; whether it exists is another question."""
        value = self.need(name)
        if not _SYMBOL.fullmatch(value):
            raise illegal(name, _SYMBOL_RANGE)
        return value

    def symbol_list(self, name: str = "symbols") -> list[str] | None:
        """Return a JSON list of symbols, `["BTCUSDT","BNBUSDT"]`, or None."""
        value = self.text(name)
        if value is None:
            return None
        try:
            listed = orjson.loads(value)
        except orjson.JSONDecodeError:
            listed = None
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise illegal(
                name, r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$'
            )
        if len(set(listed)) != len(listed):
            raise ApiError(-1151, "Symbol is present multiple times in the list.")
        return listed

    def integer(self, name: str) -> int | None:
        """Return a whole number that is not negative, or None."""
        value = self.text(name)
        if value is None:
            return None
        if not _INTEGER.fullmatch(value):
            raise illegal(name, _INTEGER_RANGE)
        number = int(value)
        if number >= 1 << 63:
            raise ApiError(-1108, f"Parameter '{name}' overflowed.")
        return number

    def limit(self, default: int, most: int, name: str = "limit") -> int:
        """Return how many are asked for, at most `most`."""
        value = self.integer(name)
        if value is None:
            return default
        if value < 1:
            raise invalid(name)
        return min(value, most)

    def number(self, name: str, decimals: int = 8) -> Decimal | None:
        """Return an exact number that is not negative, or None."""
        value = self.text(name)
        if value is None:
            return None
        if not _NUMBER.fullmatch(value):
            raise illegal(name, _NUMBER_RANGE)
        number = Decimal(value)
        exponent = number.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > decimals:
            raise too_precise(name)
        return number

    def client_id(self, name: str) -> str | None:
        """Return a client order id, or None."""
        value = self.text(name)
        if value is not None and not _CLIENT_ID.fullmatch(value):
            raise illegal(name, _CLIENT_ID_RANGE)
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Return a boolean."""
        value = self.text(name)
        if value is None:
            return default
        if value.lower() not in {"true", "false"}:
            raise illegal(name, "^(?i)(true|false)$")
        return value.lower() == "true"

    def choice(self, name: str, kind: type[E], error: ApiError | None = None) -> E | None:
        """Return a member of `kind` by its value, or None; `error` is what a wrong one gets."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return kind(value)
        except ValueError:
            raise error or invalid(name) from None

    def finish(self) -> None:
        """Refuse parameters that nobody has read."""
        sent = len(self._values)
        read = len(self._read & self._values.keys())
        if read < sent:
            if not read:
                raise ApiError(-1101, f"Too many parameters; expected '0' and received '{sent}'.")
            raise ApiError(
                -1104,
                f"Not all sent parameters were read; read '{read}' parameter(s) "
                f"but was sent '{sent}'.",
            )


def order_ids(params: Parameters) -> tuple[int | None, str | None]:
    """Return the two ids of an order, at least one of which is given."""
    order_id = params.integer("orderId")
    client_id = params.client_id("origClientOrderId")
    if order_id is None and client_id is None:
        raise either("origClientOrderId", "orderId")
    return order_id, client_id


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = []
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            if "%" in value or "+" in value:
                value = unquote_plus(value, errors="replace")
            pairs.append((unquote_plus(name) if "%" in name else name, value))
    return pairs


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return orjson.dumps(value).decode()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)
