"""Conformance without any exchange: what a plugin does when nobody, or nonsense, answers.

Nothing is known here of the exchange's protocol, so the markets are made up and no order is ever
accepted. What is left is what costs money most often: what a failed request is taken for.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest

from real_trade.exchange import (
    Exchange,
    ExchangeError,
    ExchangeSettings,
    InvalidOrder,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from real_trade.exchange.ccxt import CcxtExchange, Symbols
from real_trade.model import Market, OrderIntent, OrderType, Side
from real_trade.plugins import ExchangeSpec
from real_trade.runtime import VirtualRuntime
from real_trade.testing.wire import Mishap
from real_trade.testing.workbench import Workbench

__all__ = ["OfflineConformance", "offline_bench"]

# Fit for those who decode secrets, and for those who do not.
_KEY, _SECRET = "b2ZmbGluZS1jb25mb3JtYW5jZS1rZXk=", "b2ZmbGluZS1jb25mb3JtYW5jZS1zZWNyZXQ="
_PRICE = Decimal(60000)
_UNKNOWN = [
    one
    for one in Mishap
    if not one.is_carried_out and one not in {Mishap.NOT_SENT, Mishap.RATE_LIMIT}
]
_SYMBOLS = {
    Market.SPOT: "BTC/USDT",
    Market.FUTURE: "BTC/USDT:USDT",
    Market.DELIVERY: "BTC/USD:BTC",
}


def offline_bench(spec: ExchangeSpec, market: Market) -> Workbench:
    """Return a workbench for an exchange on ccxt with one made-up market and no network.

    Raises:
        pytest.skip.Exception: the exchange is not built on ccxt, so its markets cannot be made up.
    """
    symbol = _SYMBOLS[market]
    settings = ExchangeSettings(
        runtime=VirtualRuntime(7), market=market, apikey=_KEY, secret=_SECRET
    )
    if not isinstance(spec.open(settings), CcxtExchange):
        pytest.skip("only exchanges built on CcxtExchange can be tried without a network")

    def prepare(exchange: Any) -> None:
        exchange.load = lambda _: _made_up(exchange, market)
        exchange.client.has["fetchTime"] = False

    # The wire has nothing behind it: a request that is not spoilt is not sent.
    bench = Workbench(
        open=spec.open,
        settings=settings,
        symbol=symbol,
        name=spec.name,
        bad_keys=None,
        prepare=prepare,
    )
    bench.wire.cut_off()
    return bench


def _made_up(exchange: CcxtExchange, market: Market) -> Symbols:
    raw = exchange.client.safe_market_structure(_market(market))
    exchange.client.set_markets([raw])
    # What an exchange adds from its own fields is not there; ccxt's are enough for one order.
    return Symbols({raw["symbol"]: CcxtExchange.instrument(exchange, raw)}, market)


def _market(market: Market) -> dict[str, Any]:
    inverse = market is Market.DELIVERY
    contract = market is not Market.SPOT
    return {
        "id": "BTCUSD" if inverse else "BTCUSDT",
        "symbol": _SYMBOLS[market],
        "base": "BTC",
        "quote": "USD" if inverse else "USDT",
        "baseId": "BTC",
        "quoteId": "USD" if inverse else "USDT",
        "settle": ("BTC" if inverse else "USDT") if contract else None,
        "type": "swap" if contract else "spot",
        "spot": not contract,
        "swap": contract,
        "contract": contract,
        "linear": not inverse if contract else None,
        "inverse": inverse if contract else None,
        "contractSize": "100" if inverse else "1",
        "active": True,
        "precision": {"amount": "1" if inverse else "0.0001", "price": "0.1"},
        "limits": {"amount": {"min": "0.0001"}, "cost": {"min": "5"}},
        "info": {"filters": []},
    }


class OfflineConformance:
    """The cases; a subclass gives the fixtures `spec` and `bench`."""

    def test_the_plugin_registers_it(self, spec: ExchangeSpec) -> None:
        """Its name is in lower case; it has a title and at least one market."""
        assert spec.name == spec.name.lower()
        assert spec.title
        assert spec.markets

    def test_it_is_opened_without_the_network(self, spec: ExchangeSpec) -> None:
        """Opening reaches for nothing; the protocol's methods are all there."""
        for market in sorted(spec.markets, key=lambda one: one.value):
            settings = ExchangeSettings(runtime=VirtualRuntime(7), market=market)
            exchange = spec.open(settings)
            parts = [part for part in dir(Exchange) if not part.startswith("_")]
            assert [part for part in parts if not hasattr(exchange, part)] == []
            assert exchange.name == spec.name

    @pytest.mark.parametrize("mishap", _UNKNOWN, ids=lambda one: one.name.lower())
    def test_an_order_without_a_clear_answer_is_unknown(
        self, bench: Workbench, mishap: Mishap
    ) -> None:
        """OutcomeUnknown after one request, never a rejection, never a second try."""
        intent = _order(bench)
        exchange = bench.exchange
        with bench.wire.mishap(mishap, intent.client_order_id), pytest.raises(OutcomeUnknown):
            exchange.submit(intent)
        assert bench.wire.count(intent.client_order_id) == 1

    @pytest.mark.parametrize("mishap", _UNKNOWN, ids=lambda one: one.name.lower())
    def test_a_cancel_without_a_clear_answer_is_unknown(
        self, bench: Workbench, mishap: Mishap
    ) -> None:
        """A cancel is a write too."""
        intent = _order(bench)
        exchange = bench.exchange
        with bench.wire.mishap(mishap, intent.client_order_id), pytest.raises(OutcomeUnknown):
            exchange.cancel(intent.symbol, intent.client_order_id)
        assert bench.wire.count(intent.client_order_id) == 1

    def test_an_order_that_was_not_sent_is_unavailable(self, bench: Workbench) -> None:
        """Nothing left this machine, so it may be decided anew."""
        intent = _order(bench)
        exchange = bench.exchange
        with (
            bench.wire.mishap(Mishap.NOT_SENT, intent.client_order_id),
            pytest.raises(Unavailable),
        ):
            exchange.submit(intent)
        assert bench.wire.count(intent.client_order_id) == 1

    def test_too_many_requests_is_told_with_its_pause(self, bench: Workbench) -> None:
        """HTTP 429 is RateLimited, with the pause that was asked for."""
        intent = _order(bench)
        exchange = bench.exchange
        with (
            bench.wire.mishap(Mishap.RATE_LIMIT, intent.client_order_id),
            pytest.raises(RateLimited) as caught,
        ):
            exchange.submit(intent)
        assert caught.value.retry_after_s == 7.0

    @pytest.mark.parametrize("kind", OrderType, ids=lambda one: one.value)
    def test_undeclared_order_types_are_refused(self, bench: Workbench, kind: OrderType) -> None:
        """InvalidOrder, and not one request."""
        if kind in bench.exchange.capabilities.order_types:
            pytest.skip("declared")
        intent = _order(bench, type=kind, stop_price=_PRICE)
        with pytest.raises(InvalidOrder):
            bench.exchange.submit(intent)
        assert bench.wire.count(intent.client_order_id) == 0

    def test_amounts_off_the_step_are_not_rounded(self, bench: Workbench) -> None:
        """They are refused, or sent as they are for the exchange to refuse."""
        amount = bench.instrument.amount_step * Decimal("1.5")
        with pytest.raises((InvalidOrder, Unavailable)) as caught:
            bench.exchange.submit(_order(bench, amount=amount))
        if not isinstance(caught.value, InvalidOrder):
            assert bench.wire.count(format(amount, "f")) == 1, "another amount was sent"

    def test_secrets_are_never_seen(
        self, bench: Workbench, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Not in reprs, errors and logs; the secret itself is never sent."""
        exchange = bench.exchange
        seen = [repr(exchange), repr(bench.settings)]
        with caplog.at_level(logging.DEBUG):
            for mishap in _UNKNOWN:
                intent = _order(bench)
                with bench.wire.mishap(mishap), pytest.raises(ExchangeError) as caught:
                    exchange.submit(intent)
                seen += [str(caught.value), repr(caught.value), repr(caught.value.__cause__)]
        seen += [record.getMessage() for record in caplog.records]
        for secret in bench.secrets:
            assert not [text for text in seen if secret in text]
        assert not bench.wire.count(_SECRET)


def _order(bench: Workbench, **changes: Any) -> OrderIntent:
    least = Decimal(1) if bench.settings.market is Market.DELIVERY else Decimal("0.01")
    given: dict[str, Any] = {
        "client_order_id": bench.new_id(),
        "symbol": bench.symbol,
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "amount": least,
        "price": _PRICE,
        "created_at": bench.clock.now(),
    }
    return OrderIntent(**(given | changes))
