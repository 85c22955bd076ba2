"""What an exchange's refusal means: may it have happened? Decided by table, never by guess.

A write whose refusal is not in the table may have happened; a read that failed may be asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType

import attrs

from real_trade.exchange.errors import (
    AuthError,
    ClockSkew,
    DuplicateOrder,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    UnknownSymbol,
)
from real_trade.utils.redaction import redact

__all__ = ["Fault", "OutcomeTable", "Verdict", "clean"]

_LONGEST = 300


class Verdict(Enum):
    """What a refusal says about what was asked."""

    REJECTED = "rejected"
    FUNDS = "insufficient funds"
    INVALID = "invalid order"
    NOT_FOUND = "order not found"
    DUPLICATE = "duplicate order"
    SYMBOL = "unknown symbol"
    CLOCK = "clock skew"
    AUTH = "key refused"
    UNAVAILABLE = "not accepted"
    RATE_LIMITED = "rate limited"
    UNKNOWN = "outcome unknown"


@attrs.frozen(kw_only=True)
class Fault:
    """What came instead of an answer.

    Attributes:
        status: the HTTP status; 0 on a websocket.
        code: the exchange's own, 0 without one.
        retry_after_s: how long it asks us to wait, if it says so.
    """

    status: int = 0
    code: int | str = 0
    message: str = ""
    retry_after_s: float | None = None


_REJECTIONS: Mapping[Verdict, type[ExchangeError]] = MappingProxyType(
    {
        Verdict.REJECTED: Rejected,
        Verdict.FUNDS: InsufficientFunds,
        Verdict.INVALID: InvalidOrder,
        Verdict.NOT_FOUND: OrderNotFound,
        Verdict.DUPLICATE: DuplicateOrder,
        Verdict.SYMBOL: UnknownSymbol,
        Verdict.CLOCK: ClockSkew,
        Verdict.AUTH: AuthError,
    }
)

_REMEDIES: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.AUTH: "check key and secret, their permissions and the allowed addresses, "
        "and that they belong to this environment",
        Verdict.CLOCK: "the clock's offset is measured anew; nothing was sent twice",
        Verdict.FUNDS: "lower the amount, or add funds",
    }
)


@attrs.frozen(kw_only=True)
class OutcomeTable:
    """The verdicts of one market of one exchange.

    Attributes:
        codes: verdict by the exchange's code.
        messages: (code, part of the message, verdict); looked at before `codes`, first match wins.
        ranges: (lowest code, highest code, verdict); looked at last.
        statuses: verdict by HTTP status; looked at first of all. Statuses of 500 and above, and
            redirects, are UNKNOWN whatever the body says.
    """

    codes: Mapping[int | str, Verdict] = attrs.field(factory=dict)
    messages: tuple[tuple[int | str, str, Verdict], ...] = ()
    ranges: tuple[tuple[int, int, Verdict], ...] = ()
    statuses: Mapping[int, Verdict] = attrs.field(
        default=MappingProxyType({418: Verdict.RATE_LIMITED, 429: Verdict.RATE_LIMITED})
    )

    def verdict(self, fault: Fault) -> Verdict:
        """Return what `fault` means; UNKNOWN for whatever is not listed."""
        if fault.status in self.statuses:
            return self.statuses[fault.status]
        if fault.status >= 500 or 300 <= fault.status < 400 or not fault.code:
            return Verdict.UNKNOWN
        for code, part, verdict in self.messages:
            if fault.code == code and part.lower() in fault.message.lower():
                return verdict
        if fault.code in self.codes:
            return self.codes[fault.code]
        return self._by_range(fault.code)

    def error(self, fault: Fault, *, exchange: str, write: bool) -> ExchangeError:
        """Return the error to raise for `fault`: a read never has an unknown outcome."""
        return self.error_for(self.verdict(fault), fault, exchange=exchange, write=write)

    @staticmethod
    def error_for(verdict: Verdict, fault: Fault, *, exchange: str, write: bool) -> ExchangeError:
        """Return the error that `verdict` makes of `fault`."""
        text = f"{exchange}: {_tell(fault)}"
        if verdict in _REJECTIONS:
            remedy = _REMEDIES.get(verdict, "")
            kind = _REJECTIONS[verdict]
            return kind(text, code=fault.code, status=fault.status, remedy=remedy)
        if verdict is Verdict.UNKNOWN and write:
            text = f"{text}; it may have been carried out"
            return OutcomeUnknown(text, code=fault.code, status=fault.status)
        limited = verdict is Verdict.RATE_LIMITED
        return (RateLimited if limited else Unavailable)(
            text, code=fault.code, status=fault.status, retry_after_s=fault.retry_after_s
        )

    def _by_range(self, code: int | str) -> Verdict:
        if isinstance(code, int):
            for low, high, verdict in self.ranges:
                if low <= code <= high:
                    return verdict
        return Verdict.UNKNOWN


def clean(text: str) -> str:
    """Return an exchange's text fit to be shown: one line, short, without secrets."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    line = redact(line)
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _tell(fault: Fault) -> str:
    marks = [f"code {fault.code}"] if fault.code else []
    marks += [f"HTTP {fault.status}"] if fault.status else []
    text = clean(fault.message) or "no message"
    return f"{text} ({', '.join(marks)})" if marks else text
