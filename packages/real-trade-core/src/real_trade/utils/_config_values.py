"""What a setting may hold: one kind for each sort of value, with its words for errors."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

import attrs

from real_trade.utils._config_files import parse_json
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.redaction import MASK, redact
from real_trade.utils.secrets import Secret
from real_trade.utils.validators import Verdict, validate_symbol, validate_timeframe

__all__ = ["Kind", "Kinds", "described", "keep_secret", "setting", "wrong_value"]

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def wrong_value(key: str, value: Any, problem: str, remedy: str, where: str = "") -> Exception:
    """Return the error for `value` of `key` in `where`; what looks like a secret is masked."""
    shown = "***" if isinstance(value, Secret) else redact(repr(value))[:80]
    place = f"{where}: " if where else ""
    return ConfigurationError(f"{place}{key} = {shown}: {problem}", remedy=remedy)


@attrs.frozen
class Kind:
    """One sort of value.

    Attributes:
        name: as the documentation calls it.
        check: returns the value as it is kept; raises ValueError with what is wrong.
        read: turns text of the environment into a value for `check`.
        example: what a right value looks like.
    """

    name: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any]
    example: str


def setting(
    default: Any, kind: Kind, section: str, meaning: str, also: tuple[str, ...] = ()
) -> Any:
    """Return an attrs field for one setting; its default may be an attrs Factory."""
    show = _without_password if kind is Kinds.PROXY else True
    return attrs.field(default=default, metadata=described(kind, section, meaning, also), repr=show)


def described(kind: Kind, section: str, meaning: str, also: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the metadata of a setting.

    Args:
        kind: what it may hold.
        section: where it stands in the nested form.
        meaning: a sentence for the documentation.
        also: other names by which its section calls it.
    """
    return {"kind": kind, "section": section, "meaning": meaning, "also": also}


def keep_secret(value: str | Secret) -> Secret:
    """Return `value` as a Secret.

    Raises:
        ConfigurationError: it is no text.
    """
    if not isinstance(value, (str, Secret)):
        raise ConfigurationError(
            f"a key must be text, not {type(value).__name__}", remedy="write it in quotes"
        )
    return Secret(value)


def _wants(kinds: type | tuple[type, ...], what: str) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        # bool is an int to Python, but not to a person.
        if not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            raise ValueError(f"must be {what}")
        return value

    return check


_text = _wants(str, "text")
_whole = _wants(int, "a whole number")
_number = _wants((int, float), "a number")
_truth = _wants(bool, "true or false")


def _without_password(address: str) -> str:
    return redact(repr(address))


def _printable(value: Any) -> str:
    text: str = _text(value)
    if not text.isprintable():
        raise ValueError("holds a control character")
    return text


def _finite(value: Any) -> float:
    try:
        number = float(_number(value))
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _above_zero(value: Any) -> float:
    number = _finite(value)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _not_negative(value: Any) -> float:
    number = _finite(value)
    if number < 0:
        raise ValueError("must not be negative")
    return number


def _count(value: Any) -> int:
    number: int = _whole(value)
    if not 0 <= number <= 10_000_000:
        raise ValueError("must be from 0 to 10000000")
    return number


def _ratio(value: Any) -> float:
    if isinstance(value, str) and value.strip().endswith("%"):
        value = _read_number(value.strip()[:-1], Decimal(100))
    number = _not_negative(value)
    if number > 1:
        raise ValueError(f"is {number * 100:g} %")
    return number


def _positive_ratio(value: Any) -> float:
    number = _ratio(value)
    if number <= 0:
        raise ValueError("must be above zero")
    return number


def _optional(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _judged(validate: Callable[[Any], Verdict]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        right, message = validate(value)
        if not right:
            raise ValueError(message)
        return str(value)

    return check


def _address(value: Any) -> str:
    text = _printable(value)
    if not text:
        return text
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in text:
        raise ValueError("must be an address")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("has a port that is no number") from None
    return text.rstrip("/")


def _bare_address(value: Any) -> str:
    text = _address(value)
    if text and (urlsplit(text).username or urlsplit(text).query):
        raise ValueError("must hold neither a user nor a query")
    return text


def _name(value: Any) -> str:
    text: str = _text(value)
    if not _NAME.fullmatch(text):
        raise ValueError("must be a name in lower case")
    return text


def _path(value: Any) -> str:
    text = _printable(value)
    if not text.strip():
        raise ValueError("is empty")
    return text


def _one_of(names: tuple[str, ...]) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, Enum):
            value = value.value
        if value not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return str(value)

    return check


def _level(value: Any) -> str:
    return _one_of(_LEVELS)(value.upper() if isinstance(value, str) else value)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError("must be a table")  # noqa: TRY004 - becomes a ConfigurationError
    return {_parameter_name(key): _plain(item) for key, item in value.items()}


def _parameter_name(key: Any) -> str:
    if not isinstance(key, str) or not key.isidentifier():
        raise ValueError(f"has a parameter {key!r}, which is no name")
    return key


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("holds a number that is not finite")
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _key(value: Any) -> Secret:
    secret = value if isinstance(value, Secret) else keep_secret(value)
    text = secret.reveal()
    if text == MASK:
        raise ValueError("is a mask, not a key")
    if not text.isprintable() or any(map(str.isspace, text)):
        raise ValueError("holds a space or a control character")
    return secret


def _read_truth(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE + _FALSE:
        raise ValueError("must be true or false (or 1, 0, yes, no)")
    return word in _TRUE


def _read_whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        raise ValueError("must be a whole number")
    return int(text)


def _read_number(text: str, divisor: Decimal = Decimal(1)) -> float:
    if not re.fullmatch(
        r"\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*", text, re.IGNORECASE | re.ASCII
    ):
        raise ValueError("must be a number")
    return float(Decimal(text.strip()) / divisor)


def _read_ratio(text: str) -> Any:
    return text if text.strip().endswith("%") else _read_number(text)


def _read_table(text: str) -> Any:
    try:
        return parse_json(text, "the text")
    except ConfigurationError as error:
        raise ValueError(f"must be a JSON object ({error})") from None


def _same(text: str) -> str:
    return text


class Kinds:
    """Every sort of value there is."""

    NAME = Kind("name", _name, _same, "binance")
    SECRET = Kind("key", _key, _same, "(from the environment, a file or the keyring)")
    TRUTH = Kind("true or false", _truth, _read_truth, "true")
    ADDRESS = Kind("address", _bare_address, _same, "http://127.0.0.1:8080")
    PROXY = Kind("address", _address, _same, "http://127.0.0.1:3128")
    SYMBOL = Kind("symbol", _judged(validate_symbol), _same, "BTC/USDT")
    TIMEFRAME = Kind("timeframe", _judged(validate_timeframe), _same, "1h")
    MARKET = Kind(
        "spot, future or delivery", _one_of(("spot", "future", "delivery")), _same, "spot"
    )
    MODE = Kind(
        "backtest, paper, testnet or live",
        _one_of(("backtest", "paper", "testnet", "live")),
        _same,
        "paper",
    )
    MONEY = Kind("number above zero", _above_zero, _read_number, "10000")
    LOSS = Kind("number, 0 for none", _not_negative, _read_number, "500")
    RATIO = Kind("ratio or percentage", _ratio, _read_ratio, '0.001 or "0.1%"')
    SHARE = Kind("ratio or percentage above 0", _positive_ratio, _read_ratio, '0.03 or "3%"')
    OPTIONAL_SHARE = Kind(
        "ratio or percentage above 0, or nothing",
        _optional(_positive_ratio),
        _read_ratio,
        '0.03 or "3%"',
    )
    COUNT = Kind("whole number", _count, _read_whole, "50")
    LEVEL = Kind("DEBUG, INFO, WARNING, ERROR or CRITICAL", _level, _same, "INFO")
    OPTIONAL_PATH = Kind("path, or nothing", _optional(_path), _same, "logs/bot.jsonl")
    TABLE = Kind("table", _table, _read_table, '{"fast": 10, "slow": 30}')
