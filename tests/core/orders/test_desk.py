"""The way out: refused, denied, sent once, and looked up when the answer is lost."""

from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.exchange import (
    AuthError,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from real_trade.model import OrderIntent, OrderReport, OrderState, OrderType, Side, TimeInForce

S = OrderState


def test_a_limit_order_is_submitted_then_accepted(world):
    order = world.submit()
    assert order.state is S.SUBMITTED
    world.pass_time()
    assert world.states(order) == [S.SUBMITTED, S.ACCEPTED]


def test_a_market_order_fills_with_its_fills(world):
    order = world.submit(type=OrderType.MARKET)
    world.pass_time()
    assert world.order(order).state is S.FILLED
    assert world.order(order).filled == 1
    assert sum(len(change.fills) for change in world.changes) == 1


def test_the_intent_is_written_down_before_it_is_sent(world):
    order = world.submit()
    seen = []
    original = world.exchange.submit

    def submit(intent):
        seen.extend(entry for entry in world.journal.entries if isinstance(entry, OrderIntent))
        return original(intent)

    world.exchange.submit = submit
    world.pass_time()
    assert [intent.client_order_id for intent in seen] == [order.client_order_id]


def test_an_intent_that_cannot_be_written_down_is_not_sent(world):
    def refuse(intent):
        raise OSError(28, "No space left on device")

    world.journal.write_intent = refuse
    order = world.submit()
    world.pass_time(60)
    assert world.exchange.sent == []
    assert world.order(order).state is S.REJECTED
    assert "No space left" in world.order(order).reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"type": OrderType.STOP, "stop_price": "90"}, "no stop orders"),
        ({"time_in_force": TimeInForce.IOC}, "no time in force IOC"),
        ({"post_only": True}, "no post-only"),
        ({"reduce_only": True}, "no reduce-only"),
        ({"type": OrderType.MARKET, "amount": None, "quote_amount": "50"}, "quote amount"),
        ({"symbol": "NO/SUCH"}, "no symbol NO/SUCH"),
        ({"amount": "0.0001"}, "below one step"),
        ({"amount": "0.01", "price": "100"}, "below the minimum 5"),
        ({"price": None}, "needs a price"),
    ],
)
def test_what_the_exchange_cannot_do_is_denied_with_the_reason_and_never_sent(
    world, options, reason
):
    order = world.submit(**options)
    world.pass_time()
    assert order.state is S.DENIED
    assert reason in order.reason
    assert world.exchange.sent == []


def test_an_order_is_rounded_to_the_steps_before_it_leaves(world):
    order = world.submit(amount="1.23456", price="100.019", side=Side.BUY)
    assert (order.intent.amount, order.intent.price) == (Decimal("1.234"), Decimal("100.01"))


def test_a_guard_denies_with_its_reason(world):
    world.denials = ["max_position: too much"]
    order = world.submit()
    assert (order.state, order.reason) == (S.DENIED, "max_position: too much")


@pytest.mark.parametrize(
    ("error", "funds"), [(InvalidOrder("bad"), False), (InsufficientFunds("poor"), True)]
)
def test_a_refusal_is_rejected_once_and_not_asked_again(world, error, funds):
    world.exchange.script.append((error, None))
    order = world.submit()
    world.pass_time(60)
    assert world.order(order).state is S.REJECTED
    assert world.order(order).insufficient_funds is funds
    assert world.copies(order) == 1


@pytest.mark.parametrize("error", [Unavailable("down"), RateLimited("429", retry_after_s=3)])
def test_N12_what_was_never_taken_is_rejected_and_not_sent_again(world, error):
    world.exchange.script.append((error, None))
    order = world.submit()
    world.pass_time(60)
    assert world.order(order).state is S.REJECTED
    assert world.copies(order) == 1


def test_N28_a_revoked_key_halts_trading(world):
    world.exchange.script.append((AuthError("Invalid API-key"), None))
    world.submit()
    world.pass_time()
    order = world.submit()
    assert order.state is S.DENIED
    assert "Invalid API-key" in order.reason


def test_N04_timeout_before_acceptance_is_proved_absent_only_behind_the_fence(world):
    world.exchange.script.append((OutcomeUnknown("timeout"), None))
    order = world.submit()
    world.pass_time(10)
    assert world.order(order).state is S.UNKNOWN
    world.pass_time(25)
    assert world.order(order).state is S.REJECTED
    assert "never arrived" in world.order(order).reason
    assert world.copies(order) == 1


def test_N05_timeout_after_acceptance_adopts_the_resting_order(world):
    world.exchange.script.append((None, OutcomeUnknown("timeout")))
    order = world.submit()
    world.pass_time(5)
    assert world.states(order) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]
    assert world.copies(order) == 1


def test_N06_timeout_after_a_market_order_filled_books_it_once(world):
    world.exchange.script.append((None, OutcomeUnknown("timeout")))
    order = world.submit(type=OrderType.MARKET)
    world.pass_time(5)
    assert world.order(order).state is S.FILLED
    assert sum(len(change.fills) for change in world.changes) == 1
    assert world.copies(order) == 1


def test_N10_the_stream_resolves_an_unknown_order_before_any_look_up(world):
    world.exchange.script.append((None, OutcomeUnknown("-1006")))
    order = world.submit()
    world.pass_time()
    world.exchange.reads.extend([Unavailable("down")] * 3)
    world.desk.apply(world.exchange.taken[order.client_order_id])
    assert world.order(order).state is S.ACCEPTED


def test_a_look_up_that_fails_is_asked_again_until_it_answers(world):
    world.exchange.script.append((None, OutcomeUnknown("timeout")))
    world.exchange.reads.extend([Unavailable("down")] * 4)
    order = world.submit()
    world.pass_time(30)
    assert world.order(order).state is S.ACCEPTED
    assert world.exchange.lookups == 5


def test_a_duplicate_id_means_that_the_first_send_arrived(world):
    world.exchange.script.append((None, DuplicateOrder("Duplicate order sent.")))
    order = world.submit()
    world.pass_time(5)
    assert world.order(order).state is S.ACCEPTED


def test_an_error_that_nobody_expected_is_unknown_not_lost(world):
    world.exchange.script.append((None, ValueError("a bug in a plugin")))
    order = world.submit()
    world.pass_time(5)
    assert world.order(order).state is S.ACCEPTED
    assert world.copies(order) == 1


def test_a_cancel_is_a_request_until_the_exchange_says_so(world):
    order = world.submit()
    world.pass_time()
    world.desk.cancel(order.client_order_id)
    assert world.order(order).state is S.PENDING_CANCEL
    world.pass_time()
    assert world.order(order).state is S.CANCELED


def test_X01_a_fill_before_the_cancel_is_kept(world):
    order = world.submit()
    world.pass_time()
    world.exchange.fill(order.client_order_id, "0.4", "100")
    world.desk.cancel(order.client_order_id)
    world.pass_time(10)
    assert world.order(order).state is S.CANCELED
    assert world.order(order).filled == Decimal("0.4")


def test_X02_a_cancel_that_came_too_late_finds_the_order_filled(world):
    order = world.submit()
    world.pass_time()
    world.exchange.fill(order.client_order_id, "1", "100")
    world.desk.cancel(order.client_order_id)
    world.pass_time(10)
    assert world.order(order).state is S.FILLED
    assert world.order(order).filled == 1


def test_X03_a_cancel_whose_answer_is_lost_is_looked_up(world):
    order = world.submit()
    world.pass_time()
    world.exchange.cancel_script.append((None, OutcomeUnknown("timeout")))
    world.desk.cancel(order.client_order_id)
    world.pass_time(10)
    assert world.order(order).state is S.CANCELED


def test_a_cancel_that_never_arrived_leaves_the_order_open_and_cancelable(world):
    order = world.submit()
    world.pass_time()
    world.exchange.cancel_script.append((OutcomeUnknown("timeout"), None))
    world.desk.cancel(order.client_order_id)
    world.pass_time(10)
    assert world.order(order).state is S.ACCEPTED
    world.desk.cancel(order.client_order_id)
    world.pass_time(10)
    assert world.order(order).state is S.CANCELED


def test_an_order_that_has_ended_is_not_canceled_again(world):
    order = world.submit(type=OrderType.MARKET)
    world.pass_time()
    world.desk.cancel(order.client_order_id)
    world.pass_time(5)
    assert world.order(order).state is S.FILLED


def test_W13_a_fill_that_the_stream_lost_is_fetched(world):
    order = world.submit()
    world.pass_time()
    world.exchange.fill(order.client_order_id, "0.25", "100")
    world.desk.apply(
        OrderReport(
            client_order_id=order.client_order_id,
            symbol="BTC/USDT",
            state=S.PARTIALLY_FILLED,
            filled="0.25",
            time=world.runtime.clock.now(),
        )
    )
    world.pass_time(5)
    assert world.order(order).filled == Decimal("0.25")
    assert world.order(order).state is S.PARTIALLY_FILLED


def test_W15_an_order_that_is_not_ours_is_seen_and_left_alone(world):
    world.desk.apply(
        OrderReport(
            client_order_id="by-hand",
            symbol="BTC/USDT",
            state=S.ACCEPTED,
            time=world.runtime.clock.now(),
        )
    )
    assert list(world.desk.foreign) == ["by-hand"]
    assert world.desk.orders == {}


def test_after_a_cut_everything_open_is_looked_up(world):
    orders = [world.submit(), world.submit()]
    world.pass_time()
    world.exchange.fill(orders[0].client_order_id, "1", "100")
    world.desk.look_up_all()
    world.pass_time(5)
    assert world.order(orders[0]).state is S.FILLED
    assert world.order(orders[1]).state is S.ACCEPTED


def test_client_order_ids_are_unique_and_fit_binance(world):
    names = {world.desk.new_client_order_id() for _ in range(1000)}
    assert len(names) == 1000
    assert all(len(name) <= 36 for name in names)
