"""Conformance: funds, orders, ids, rounding, capabilities, cancels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

import attrs
import pytest

from real_trade.exchange import (
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    PairingExchange,
    Rejected,
)
from real_trade.model import Market, OrderIntent, OrderState, OrderType, Side, TimeInForce
from real_trade.testing.workbench import Workbench

__all__ = ["OrderCases"]

_LIVE = {OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED}
_OVER = {OrderState.CANCELED, OrderState.EXPIRED}


class OrderCases:
    """What happens to orders when nothing goes wrong, and when the order itself is wrong."""

    def test_balances_tell_free_and_locked(self, bench: Workbench) -> None:
        """There is money to test with, and what a resting order needs is no longer free."""
        exchange = bench.exchange
        asset = bench.instrument.settle
        before = exchange.balances()
        assert before[asset].free > 0
        intent = bench.order()
        exchange.submit(intent)
        after = exchange.balances()
        assert after[asset].free < before[asset].free
        bench.finish(intent)
        assert exchange.balances()[asset].free == before[asset].free

    def test_a_limit_order_rests_is_found_and_is_canceled(self, bench: Workbench) -> None:
        """Its own id names it in the answer, in the look-up and among the open orders."""
        exchange, intent = bench.exchange, bench.order()
        report = exchange.submit(intent)
        assert report.client_order_id == intent.client_order_id
        assert report.exchange_order_id
        assert report.state in _LIVE | {OrderState.SUBMITTED}
        found = exchange.order(intent.symbol, intent.client_order_id)
        assert (found.client_order_id, found.state) == (
            intent.client_order_id,
            OrderState.ACCEPTED,
        )
        assert (found.side, found.amount, found.price) == (
            intent.side,
            intent.amount,
            intent.price,
        )
        assert intent.client_order_id in _open_ids(bench)
        ended = bench.finish(intent)
        assert ended.state is OrderState.CANCELED
        assert ended.filled == 0
        assert intent.client_order_id not in _open_ids(bench)

    def test_open_orders_of_all_symbols_include_it(self, bench: Workbench) -> None:
        """Without a symbol, the orders of every symbol come."""
        intent = bench.order()
        bench.exchange.submit(intent)
        found = {report.client_order_id for report in bench.exchange.open_orders()}
        assert intent.client_order_id in found
        bench.finish(intent)

    def test_a_market_order_fills_and_its_fills_add_up(self, bench: Workbench) -> None:
        """Fills are listed once each under the order's id, and sum to what is reported."""
        exchange = bench.exchange
        intent = bench.order(type=OrderType.MARKET)
        answer = exchange.submit(intent)
        assert answer.client_order_id == intent.client_order_id
        report = bench.settled(intent)
        assert report.state is OrderState.FILLED
        assert report.filled == intent.amount
        fills = [
            fill
            for fill in exchange.fills(intent.symbol, bench.a_while_ago())
            if fill.exchange_order_id == report.exchange_order_id
        ]
        assert len({fill.trade_id for fill in fills}) == len(fills) > 0
        assert sum((fill.amount for fill in fills), Decimal(0)) == intent.amount
        assert {fill.side for fill in fills} == {Side.BUY}
        assert all(fill.price > 0 and fill.fee >= 0 for fill in fills)

    def test_a_fill_changes_what_the_account_holds(self, bench: Workbench) -> None:
        """Spot: the base asset grows. Derivatives: the position does, signed."""
        exchange, instrument = bench.exchange, bench.instrument
        held = _held(bench)
        intent = bench.order(type=OrderType.MARKET)
        exchange.submit(intent)
        bench.settled(intent)
        assert intent.amount is not None
        gained = _held(bench) - held
        if instrument.market is Market.SPOT:
            fees = [
                fill.fee
                for fill in exchange.fills(intent.symbol, bench.a_while_ago())
                if fill.fee_asset == instrument.base
            ]
            assert gained == intent.amount - sum(fees, Decimal(0))
        else:
            assert gained == intent.amount

    def test_fills_since_a_time_are_those_at_or_after_it(self, bench: Workbench) -> None:
        """Nothing older comes; what came later is complete, oldest first."""
        exchange = bench.exchange
        for _ in range(2):
            intent = bench.order(type=OrderType.MARKET)
            exchange.submit(intent)
            bench.settled(intent)
            bench.until(lambda: False, 0.1)
        fills = exchange.fills(bench.symbol, bench.a_while_ago())
        assert [fill.time for fill in fills] == sorted(fill.time for fill in fills)
        later = exchange.fills(bench.symbol, fills[-1].time)
        assert [fill.trade_id for fill in later] == [
            fill.trade_id for fill in fills if fill.time >= fills[-1].time
        ]

    def test_one_id_never_makes_two_open_orders(self, bench: Workbench) -> None:
        """The same id again, while its order is open, is refused: one order is there."""
        exchange, intent = bench.exchange, bench.order()
        exchange.submit(intent)
        with pytest.raises(Rejected):
            exchange.submit(intent)
        ids = [report.client_order_id for report in exchange.open_orders(intent.symbol)]
        assert ids.count(intent.client_order_id) == 1
        bench.finish(intent)

    def test_an_unknown_order_is_not_found(self, bench: Workbench) -> None:
        """Look-up and cancel of an order that never was raise OrderNotFound."""
        with pytest.raises(OrderNotFound):
            bench.exchange.order(bench.symbol, bench.new_id())
        with pytest.raises(OrderNotFound):
            bench.exchange.cancel(bench.symbol, bench.new_id())

    def test_a_second_cancel_does_no_harm(self, bench: Workbench) -> None:
        """A cancel of what is canceled says "not found", or tells how the order ended."""
        intent = bench.order()
        bench.exchange.submit(intent)
        assert bench.finish(intent).state in _OVER
        try:
            report = bench.exchange.cancel(intent.symbol, intent.client_order_id)
        except OrderNotFound:
            return
        assert report.state in _OVER

    def test_a_cancel_that_comes_too_late_leaves_the_fill(self, bench: Workbench) -> None:
        """A filled order stays filled, whatever a cancel says."""
        intent = bench.order(type=OrderType.MARKET)
        bench.exchange.submit(intent)
        bench.settled(intent)
        with pytest.raises(OrderNotFound):
            bench.exchange.cancel(intent.symbol, intent.client_order_id)
        report = bench.exchange.order(intent.symbol, intent.client_order_id)
        assert (report.state, report.filled) == (OrderState.FILLED, intent.amount)

    def test_too_little_money_is_called_so(self, bench: Workbench) -> None:
        """An order that the account cannot pay raises InsufficientFunds and leaves no order."""
        instrument = bench.instrument
        free = bench.exchange.balances()[instrument.settle].free
        per_unit = instrument.notional(Decimal(1), bench.last_price())
        amount = instrument.round_amount(free * 200 / per_unit)
        if instrument.max_amount:
            amount = min(amount, instrument.round_amount(instrument.max_amount))
        if per_unit * amount <= free * 150:
            pytest.skip(f"{instrument.symbol} allows no order that this account cannot pay")
        intent = bench.order(amount=amount)
        with pytest.raises(InsufficientFunds):
            bench.exchange.submit(intent)
        assert not bench.is_known(intent)

    @pytest.mark.parametrize("wrong", ["amount", "price", "minimum"])
    def test_an_order_against_the_rules_is_refused(self, bench: Workbench, wrong: str) -> None:
        """Off the step, off the tick, below the minimum: Rejected, never rounded in silence."""
        instrument = bench.instrument
        intent = bench.order()
        assert intent.amount is not None
        assert intent.price is not None
        changes: dict[str, Any] = {
            "amount": {"amount": intent.amount + instrument.amount_step / 3},
            "price": {"price": intent.price + instrument.price_step / 3},
            "minimum": {"amount": instrument.amount_step / 10},
        }[wrong]
        with pytest.raises(Rejected):
            bench.exchange.submit(attrs.evolve(intent, **changes))
        assert not bench.is_known(intent)

    @pytest.mark.parametrize("kind", OrderType, ids=lambda one: one.value)
    def test_order_types_are_native_or_refused(self, bench: Workbench, kind: OrderType) -> None:
        """A declared type is taken as it is; another is refused before anything is sent."""
        intent = _of_kind(bench, kind)
        _taken_or_refused(bench, intent, kind in bench.exchange.capabilities.order_types)

    @pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
    def test_times_in_force_are_native_or_refused(
        self, bench: Workbench, time_in_force: TimeInForce
    ) -> None:
        """IOC and FOK away from the market expire at once, or are refused unsent."""
        intent = bench.order(time_in_force=time_in_force)
        offered = time_in_force in bench.exchange.capabilities.times_in_force
        _taken_or_refused(bench, intent, offered, rests=False)

    @pytest.mark.parametrize("flag", ["post_only", "reduce_only", "quote_amount"])
    def test_flags_are_native_or_refused(self, bench: Workbench, flag: str) -> None:
        """Post-only, reduce-only and amounts in quote units are honoured or refused unsent."""
        exchange = bench.exchange
        offered = bool(getattr(exchange.capabilities, flag))
        if flag == "quote_amount":
            money = bench.amount() * bench.last_price()
            intent = bench.order(
                type=OrderType.MARKET, amount=None, quote_amount=money.quantize(Decimal("0.01"))
            )
            _taken_or_refused(bench, intent, offered, rests=False)
        elif flag == "reduce_only" and offered:
            self._reduce(bench)
        else:
            _taken_or_refused(bench, bench.order(**{flag: True}), offered)

    def _reduce(self, bench: Workbench) -> None:
        opening = bench.order(type=OrderType.MARKET)
        bench.exchange.submit(opening)
        bench.settled(opening)
        held = _held(bench)
        closing = bench.order(
            type=OrderType.MARKET, side=Side.SELL, amount=abs(held), reduce_only=True
        )
        bench.exchange.submit(closing)
        assert bench.settled(closing).state is OrderState.FILLED
        assert _held(bench) == 0

    @pytest.mark.parametrize("ends", ["cancel", "look-up"])
    def test_a_pair_is_taken_whole_and_ends_together(self, bench: Workbench, ends: str) -> None:
        """Both orders of a pair rest under their own ids; the cancel of one ends both."""
        exchange = bench.exchange
        if not exchange.capabilities.oco:
            assert not hasattr(exchange, "submit_oco"), "it has the method and does not say so"
            pytest.skip("not offered")
        _hold(bench)
        above, below = bench.resting_price(Side.SELL), bench.resting_price(Side.BUY)
        stop = bench.order(side=Side.SELL, type=OrderType.STOP, price=None, stop_price=below)
        limit = bench.order(side=Side.SELL, price=above)
        reports = cast("PairingExchange", exchange).submit_oco(stop, limit)
        ids = [stop.client_order_id, limit.client_order_id]
        assert [report.client_order_id for report in reports] == ids
        assert set(ids) <= _open_ids(bench)
        if ends == "look-up":
            found = [exchange.order(bench.symbol, name).state for name in ids]
            assert found == [OrderState.ACCEPTED] * 2
        assert bench.finish(limit).state in _OVER
        assert exchange.order(bench.symbol, stop.client_order_id).state in _OVER

    def test_a_post_only_order_never_takes(self, bench: Workbench) -> None:
        """Across the market it is refused or expires; it does not fill."""
        if not bench.exchange.capabilities.post_only:
            pytest.skip("not offered")
        price = bench.resting_price(Side.SELL)
        intent = bench.order(side=Side.BUY, price=price, post_only=True)
        try:
            bench.exchange.submit(intent)
        except Rejected:
            return
        report = bench.settled(intent)
        assert report.filled == 0
        assert report.state in {OrderState.EXPIRED, OrderState.CANCELED, OrderState.REJECTED}


def _of_kind(bench: Workbench, kind: OrderType) -> OrderIntent:
    """Return an order to sell of some kind that does not trigger now (a market order fills)."""
    if kind is OrderType.MARKET:
        return bench.order(type=kind)
    if kind is OrderType.LIMIT:
        return bench.order()
    below, above = bench.resting_price(Side.BUY), bench.resting_price(Side.SELL)
    _hold(bench)
    changes: dict[str, object] = {"side": Side.SELL, "price": None}
    profit = kind in {OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
    trigger = above if profit else below
    if kind in {OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT}:
        changes["trail_percent"] = bench.distance
    else:
        changes["stop_price"] = trigger
    if kind.has_limit:
        changes["price"] = trigger
    return bench.order(type=kind, **changes)


def _hold(bench: Workbench) -> None:
    """Have something to sell."""
    for _ in range(2):
        opening = bench.order(type=OrderType.MARKET)
        bench.exchange.submit(opening)
        bench.settled(opening)


def _taken_or_refused(
    bench: Workbench, intent: OrderIntent, offered: bool, *, rests: bool = True
) -> None:
    if not offered:
        sent = len(bench.wire.requests)
        with pytest.raises(InvalidOrder):
            bench.exchange.submit(intent)
        assert bench.wire.count(intent.client_order_id, sent) == 0, "it was sent all the same"
        return
    bench.exchange.submit(intent)
    assert bench.is_known(intent)
    if rests and intent.type is not OrderType.MARKET:
        ids = {report.client_order_id for report in bench.exchange.open_orders(intent.symbol)}
        assert intent.client_order_id in ids
        assert bench.finish(intent).state in _OVER
        return
    report = bench.settled(intent)
    filled = intent.type is OrderType.MARKET
    assert report.state in ({OrderState.FILLED} if filled else _OVER)


def _held(bench: Workbench) -> Decimal:
    instrument = bench.instrument
    if instrument.market is Market.SPOT:
        balance = bench.exchange.balances().get(instrument.base)
        return balance.total if balance is not None else Decimal(0)
    found = [one for one in bench.exchange.positions() if one.symbol == instrument.symbol]
    return sum((one.amount for one in found), Decimal(0))


def _open_ids(bench: Workbench) -> set[str]:
    try:
        found = bench.exchange.open_orders(bench.symbol)
    except ExchangeError as error:
        raise AssertionError(f"the open orders cannot be read: {error}") from error
    return {report.client_order_id for report in found}
