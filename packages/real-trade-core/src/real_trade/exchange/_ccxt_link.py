"""ccxt's client with our network, clock, budget and verdicts under it.

ccxt signs and parses. What it would do besides (retrying, throttling by sleep, following redirects,
guessing from an error's class, reading the machine's clock) is taken out.
"""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NoReturn, Protocol, TypeVar

import attrs

from real_trade.exchange.errors import (
    AuthError,
    ClockSkew,
    ExchangeError,
    InvalidOrder,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from real_trade.exchange.outcomes import Fault, OutcomeTable, Verdict, clean
from real_trade.exchange.rate_budget import Priority, RateBudget
from real_trade.exchange.server_clock import ServerClock
from real_trade.exchange.transport import HttpReply, HttpRequest, NotSent, ReplyLost, Transport
from real_trade.model import from_ms, to_ms
from real_trade.utils.errors import RealTradeError

__all__ = ["CcxtLink", "Dialect", "exact_json"]

T = TypeVar("T")
_USER_AGENT = "real-trade"
_WALL_PAUSE_S = 10.0  # a firewall's 403 does not come from the exchange's interface
_LIMIT_PAUSE_S = {429: 10.0, 418: 120.0}  # where no Retry-After is told


def exact_json(body: bytes) -> Any:
    """Return what `body` says, fractions as text, so that no digit is lost.

    Raises:
        ValueError: it is no JSON, or has a number that JSON does not know.
    """
    return json.loads(body, parse_float=str, parse_constant=_no_number)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number in JSON")


class Dialect(Protocol):
    """What differs from exchange to exchange, as far as the link is concerned."""

    name: str
    outcomes: OutcomeTable
    trusts_status: bool

    def read_json(self, body: bytes) -> Any:
        """Return what `body` says; ValueError if it is not readable."""

    def read_error(self, status: int, payload: Any) -> tuple[int | str, str] | None:
        """Return code and message if `payload` is an error, else None."""

    def note_headers(self, headers: Mapping[str, str]) -> None:
        """Learn from a reply's headers, such as how much of the budget is used."""


@attrs.define
class _Call:
    write: bool
    deadline_s: float
    sent: bool = False


class CcxtLink:
    """One ccxt client. Thread-safe: each call's circumstances belong to its thread."""

    def __init__(
        self,
        client: Any,
        dialect: Dialect,
        transport: Transport,
        clock: ServerClock,
        budget: RateBudget,
    ) -> None:
        self.client = client
        self.clock = clock
        self.budget = budget
        self._dialect = dialect
        self._transport = transport
        self._thread = threading.local()
        self._take_over(client)

    def _take_over(self, client: Any) -> None:
        client.enableRateLimit = False
        client.maxRetriesOnFailure = 0
        client.options["maxRetriesOnFailure"] = 0
        client.number = str
        client.fetch = self._fetch
        client.on_json_response = exact_json
        client.set_last_request = lambda _: None  # it would keep the signature
        client.milliseconds = lambda: to_ms(self.clock.now())
        client.seconds = lambda: to_ms(self.clock.now()) // 1000
        client.microseconds = lambda: to_ms(self.clock.now()) * 1000

    def call(
        self,
        function: str,
        *arguments: Any,
        write: bool = False,
        signed: bool = True,
        priority: Priority = Priority.RECONCILE,
        costs: Mapping[str, int] | None = None,
        deadline_s: float = 10.0,
    ) -> Any:
        """Call ccxt's `function` and return its answer.

        Raises:
            ExchangeError: as the dialect's table has it; OutcomeUnknown only for a write.
        """
        if signed and not self.clock.is_fresh:
            self.measure_clock()
        self.budget.acquire(costs or {}, priority)
        call = _Call(write, deadline_s)
        before = getattr(self._thread, "call", None)
        self._thread.call = call
        try:
            return getattr(self.client, function)(*arguments)
        except RealTradeError:
            raise
        except Exception as error:  # ccxt's parsers raise whatever they trip over
            raise self._own_failure(error, call) from error
        finally:
            self._thread.call = before

    def measure_clock(self) -> datetime:
        """Ask the exchange for its time, set the clock by it and return it."""
        return self.clock.measure(self._ask_time)

    def parsed(self, read: Callable[[], T], *, write: bool = False) -> T:
        """Return `read()`; a reply that lacks what it must have counts as unreadable."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError, AttributeError) as e:
            raise self.unreadable(f"{type(e).__name__}: {e}", write=write) from e

    def unreadable(self, what: str, *, write: bool, status: int = 200) -> ExchangeError:
        """Return the error for a reply that cannot be what was asked for."""
        fault = Fault(status=status, message=f"the reply is unreadable: {what}")
        return self._error(Verdict.UNKNOWN, fault, write)

    def _ask_time(self) -> datetime:
        if not self.client.has.get("fetchTime"):
            return self.clock.now()
        return from_ms(int(self.call("fetch_time", signed=False)))

    def _fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        call: _Call = self._thread.call
        call.sent = True
        request = HttpRequest(
            method=method,
            url=url,
            headers={"User-Agent": _USER_AGENT, **(self.client.headers or {}), **(headers or {})},
            body=body.encode() if isinstance(body, str) else (body or b""),
            deadline_s=call.deadline_s,
        )
        reply, problem, lost = self._send(request)
        if reply is None:
            verdict = Verdict.UNKNOWN if lost else Verdict.UNAVAILABLE
            raise self._error(verdict, Fault(message=problem), call.write)
        self._dialect.note_headers(reply.headers)
        return self._payload(reply, url, method, call)

    def _send(self, request: HttpRequest) -> tuple[HttpReply | None, str, bool]:
        # The errors are raised elsewhere, without a chain that could hold a signed address.
        try:
            return self._transport.send(request), "", False
        except NotSent as error:
            return None, str(error), False
        except ReplyLost as error:
            return None, str(error), True

    def _payload(self, reply: HttpReply, url: str, method: str, call: _Call) -> Any:
        readable, payload = self._read(reply.body)
        found = self._dialect.read_error(reply.status, payload) if readable else None
        if reply.status < 300 and readable and found is None:
            if self._dialect.trusts_status:
                return payload
            verdict, text = self._verdict_of_ccxt(reply, payload, url, method)
            if verdict is None:
                return payload
            verdict = Verdict.UNKNOWN if call.write else verdict
            raise self._error(verdict, Fault(status=reply.status, message=text), call.write)
        code, message = found or (0, "" if readable else "the reply says nothing that can be read")
        fault = Fault(
            status=reply.status,
            code=code,
            message=message,
            retry_after_s=_retry_after(reply),
        )
        verdict = self._dialect.outcomes.verdict(fault)
        if verdict is Verdict.UNKNOWN and readable and not call.write:
            verdict = self._verdict_of_ccxt(reply, payload, url, method)[0] or verdict
        raise self._error(verdict, fault, call.write)

    def _read(self, body: bytes) -> tuple[bool, Any]:
        try:
            payload = self._dialect.read_json(body)
        except (ValueError, RecursionError):
            return False, None
        return payload is not None, payload

    def _verdict_of_ccxt(
        self, reply: HttpReply, payload: Any, url: str, method: str
    ) -> tuple[Verdict | None, str]:
        """Return what ccxt's own error handling makes of a reply; good enough for reads only."""
        text = reply.body.decode("utf-8", "replace")
        try:
            self.client.handle_errors(
                reply.status, "", url, method, dict(reply.headers), text, payload, None, None
            )
        except Exception as error:  # noqa: BLE001 - ccxt raises its tree of errors here
            return _verdict_by_class(error), str(error)
        return None, ""

    def _error(self, verdict: Verdict, fault: Fault, write: bool) -> ExchangeError:
        error = self._dialect.outcomes.error_for(
            verdict, fault, exchange=self._dialect.name, write=write
        )
        if isinstance(error, ClockSkew):
            self.clock.forget()
        if isinstance(error, RateLimited):
            wait_s = error.retry_after_s or _LIMIT_PAUSE_S.get(fault.status, 10.0)
            error.retry_after_s = wait_s
            self.budget.pause(wait_s, f"{self._dialect.name} asked us to pause")
        elif fault.status == 403:
            self.budget.pause(_WALL_PAUSE_S, f"{self._dialect.name}'s firewall turned us away")
        return error

    def _own_failure(self, error: Exception, call: _Call) -> Exception:
        if call.sent:
            return self.unreadable(f"{type(error).__name__}: {error}", write=call.write)
        verdict = _verdict_by_class(error)
        text = f"{self._dialect.name}: {clean(str(error))}"
        if verdict is Verdict.SYMBOL:
            return UnknownSymbol(text)
        if verdict is Verdict.AUTH:
            return AuthError(text, remedy="set key and secret (RT_APIKEY, RT_SECRET)")
        if verdict is Verdict.UNAVAILABLE:
            return Unavailable(text)
        return InvalidOrder(text)


def _retry_after(reply: HttpReply) -> float | None:
    text = reply.headers.get("retry-after", "")
    return float(text) if text.isdigit() else None


def _verdict_by_class(error: Exception) -> Verdict:
    errors = importlib.import_module("ccxt.base.errors")
    for name, verdict in (
        ("BadSymbol", Verdict.SYMBOL),
        ("OrderNotFound", Verdict.NOT_FOUND),
        ("DuplicateOrderId", Verdict.DUPLICATE),
        ("InsufficientFunds", Verdict.FUNDS),
        ("InvalidNonce", Verdict.CLOCK),
        ("InvalidOrder", Verdict.INVALID),
        ("AuthenticationError", Verdict.AUTH),
        ("RateLimitExceeded", Verdict.RATE_LIMITED),
        ("DDoSProtection", Verdict.RATE_LIMITED),
        ("ArgumentsRequired", Verdict.INVALID),
        ("BadRequest", Verdict.INVALID),
        ("NotSupported", Verdict.INVALID),
    ):
        if isinstance(error, getattr(errors, name)):
            return verdict
    return Verdict.UNAVAILABLE
