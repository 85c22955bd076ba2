"""Conformance: what a failed write means, that it is sent once, and that secrets stay secret."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from real_trade.exchange import (
    AuthError,
    ExchangeError,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from real_trade.runtime import Clock, Runtime
from real_trade.testing.wire import Mishap
from real_trade.testing.workbench import Workbench
from real_trade.utils.secrets import Secret

__all__ = ["OutcomeCases"]

_UNKNOWN = [one for one in Mishap if one not in {Mishap.NOT_SENT, Mishap.RATE_LIMIT}]
_CANCELS = [one for one in _UNKNOWN if one is not Mishap.WRONG_ORDER]


def _name(mishap: Mishap) -> str:
    return mishap.name.lower()


class OutcomeCases:
    """The table of outcomes, row by row."""

    def test_an_order_that_was_not_sent_is_unavailable(self, bench: Workbench) -> None:
        """Nothing left this machine: Unavailable, so that it may be decided anew."""
        bench.need_network()
        exchange, intent = bench.exchange, bench.order()
        sent = len(bench.wire.requests)
        with (
            bench.wire.mishap(Mishap.NOT_SENT, intent.client_order_id),
            pytest.raises(Unavailable),
        ):
            exchange.submit(intent)
        assert bench.wire.count(intent.client_order_id, sent) == 1, "it was tried again"
        assert not bench.is_known(intent)

    def test_too_many_requests_is_told_with_its_pause(self, bench: Workbench) -> None:
        """HTTP 429 was not accepted: RateLimited, with the time the exchange asked for."""
        bench.need_network()
        exchange, intent = bench.exchange, bench.order()
        sent = len(bench.wire.requests)
        with (
            bench.wire.mishap(Mishap.RATE_LIMIT, intent.client_order_id),
            pytest.raises(RateLimited) as caught,
        ):
            exchange.submit(intent)
        assert caught.value.retry_after_s == 7.0
        assert bench.wire.count(intent.client_order_id, sent) == 1, "it was tried again"

    @pytest.mark.parametrize("mishap", _UNKNOWN, ids=_name)
    def test_an_order_without_a_clear_answer_is_unknown(
        self, bench: Workbench, mishap: Mishap
    ) -> None:
        """It may have happened: OutcomeUnknown, one request, and the look-up tells the truth."""
        bench.need_network()
        exchange, intent = bench.exchange, bench.order()
        sent = len(bench.wire.requests)
        with bench.wire.mishap(mishap, intent.client_order_id):
            failure = _failure_of(lambda: exchange.submit(intent))
        if bench.wire.had_no_effect:
            pytest.skip("its answers name no order")
        assert isinstance(failure, OutcomeUnknown), f"it was taken for {failure!r}"
        assert bench.wire.count(intent.client_order_id, sent) == 1, "it was sent again"
        assert bench.is_known(intent) is mishap.is_carried_out
        if mishap.is_carried_out:
            bench.finish(intent)

    @pytest.mark.parametrize("mishap", _CANCELS, ids=_name)
    def test_a_cancel_without_a_clear_answer_is_unknown(
        self, bench: Workbench, mishap: Mishap
    ) -> None:
        """A cancel is a write too: OutcomeUnknown, one request."""
        bench.need_network()
        exchange, intent = bench.exchange, bench.order()
        exchange.submit(intent)
        sent = len(bench.wire.requests)
        with bench.wire.mishap(mishap, intent.client_order_id), pytest.raises(OutcomeUnknown):
            exchange.cancel(intent.symbol, intent.client_order_id)
        assert bench.wire.count(intent.client_order_id, sent) == 1, "it was sent again"
        is_open = intent.client_order_id in {
            report.client_order_id for report in exchange.open_orders(intent.symbol)
        }
        assert is_open is not mishap.is_carried_out
        if is_open:
            bench.finish(intent)

    def test_a_cancel_that_was_not_sent_is_unavailable(self, bench: Workbench) -> None:
        """Nothing left this machine: the order still rests."""
        bench.need_network()
        intent = bench.order()
        bench.exchange.submit(intent)
        with (
            bench.wire.mishap(Mishap.NOT_SENT, intent.client_order_id),
            pytest.raises(Unavailable),
        ):
            bench.exchange.cancel(intent.symbol, intent.client_order_id)
        assert bench.is_known(intent)
        bench.finish(intent)

    def test_a_wrong_key_is_called_so(self, bench: Workbench) -> None:
        """AuthError, and nothing happens."""
        if bench.bad_keys is None:
            pytest.skip("this exchange has no keys")
        key, secret = bench.bad_keys
        with pytest.raises(AuthError):
            bench.reopen(apikey=Secret(key), secret=Secret(secret)).balances()

    def test_without_a_key_only_public_data_are_read(self, bench: Workbench) -> None:
        """Prices need no key; balances say that they do."""
        if bench.bad_keys is None:
            pytest.skip("this exchange has no keys")
        keyless = bench.reopen(apikey=Secret(), secret=Secret())
        assert keyless.ticker(bench.symbol).last > 0
        with pytest.raises(AuthError):
            keyless.balances()

    @pytest.mark.parametrize("minutes", [-10, 10])
    def test_a_wrong_clock_changes_nothing(self, bench: Workbench, minutes: int) -> None:
        """With this machine's clock minutes off, signed requests still work."""
        bench.need_network()
        runtime = _Skewed(bench.settings.runtime, timedelta(minutes=minutes))
        exchange = bench.reopen(runtime=runtime)
        assert exchange.balances()
        assert abs(exchange.server_time() - bench.clock.now()) < timedelta(minutes=1)

    def test_secrets_are_never_seen(
        self, bench: Workbench, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in reprs, errors and logs, nor in any address or body that is sent."""
        bench.need_network()
        seen = [repr(bench.exchange), repr(bench.settings), str(bench.settings)]
        with caplog.at_level(logging.DEBUG):
            seen += [_failure(bench, mishap) for mishap in sorted(Mishap, key=_pauses)]
        seen += [record.getMessage() for record in caplog.records]
        for secret in bench.secrets:
            assert not [text for text in seen if secret in text]
        hidden = bench.settings.secret.reveal()
        if hidden:
            assert not bench.wire.count(hidden), "the secret itself was sent"


def _pauses(mishap: Mishap) -> bool:
    return mishap is Mishap.RATE_LIMIT  # nothing can be asked after it for a while: last


def _failure_of(work: Callable[[], object]) -> ExchangeError | None:
    try:
        work()
    except ExchangeError as error:
        return error
    return None


def _failure(bench: Workbench, mishap: Mishap) -> str:
    """Return all that can be read of one failure."""
    exchange, intent = bench.reopen(), bench.order()
    try:
        with bench.wire.mishap(mishap, intent.client_order_id):
            exchange.submit(intent)
    except ExchangeError as error:
        chain: list[str] = []
        cause: BaseException | None = error
        while cause is not None:
            chain += [str(cause), repr(cause)]
            cause = cause.__cause__ or cause.__context__
        return "\n".join(chain)
    return ""


class _SkewedClock:
    """A clock that tells a wrong time of day."""

    def __init__(self, clock: Clock, error: timedelta) -> None:
        self._clock = clock
        self._error = error

    def now(self) -> Any:
        return self._clock.now() + self._error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)


class _Skewed:
    """A runtime with a wrong clock."""

    def __init__(self, runtime: Runtime, error: timedelta) -> None:
        self._runtime = runtime
        self.clock = _SkewedClock(runtime.clock, error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runtime, name)
