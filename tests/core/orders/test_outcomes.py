"""What may have happened and what did: lost answers, the fence, and never a second send."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import attrs
import pytest

from real_trade.exchange import (
    AuthError,
    DuplicateOrder,
    InvalidOrder,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
)
from real_trade.model import Evidence, OrderReport, OrderState, Side
from real_trade.orders import FindingKind

S = OrderState
FUTURE = "BTC/USDT:USDT"


def test_N04_timeout_before_the_exchange_took_it_is_proved_absent_only_behind_the_fence(
    world: Any, fate: Any
) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit()
    world.run(20)
    assert world.state(name) is S.UNKNOWN
    world.run(10)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.REJECTED]
    assert "never reached the exchange" in world.order(name).reason
    assert world.exchange.calls["submit"] == 1
    world.audit()


def test_N04_absence_needs_two_look_ups_after_the_fence_and_all_the_lists(
    world: Any, fate: Any
) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit()
    world.run(20.9)
    asked, lists = world.exchange.calls["order"], world.exchange.calls["open_orders"]
    world.run(10)
    assert world.state(name) is S.REJECTED
    assert world.exchange.calls["order"] - asked >= 2
    assert world.exchange.calls["open_orders"] > lists
    assert world.exchange.calls["fills"] >= 1


def test_N04_a_request_that_arrives_ten_seconds_late_is_found_and_not_given_up(
    world: Any, fate: Any
) -> None:
    world.exchange.sink = None
    world.exchange.fate("submit", fate.LATE)
    name = world.submit()
    world.run(9)
    assert world.state(name) is S.UNKNOWN
    world.run(5)
    assert world.state(name) is S.ACCEPTED
    world.audit()


def test_N05_timeout_after_the_exchange_took_it_adopts_the_resting_order(
    world: Any, fate: Any
) -> None:
    world.exchange.sink = None
    world.exchange.fate("submit", fate.LOST_AFTER)
    name = world.submit()
    world.run(3)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]
    world.audit()


def test_N06_timeout_after_a_market_order_filled_books_it_once_and_sends_no_second(
    world: Any, fate: Any
) -> None:
    world.exchange.sink = None
    world.exchange.fate("submit", fate.LOST_AFTER)
    name = world.market()
    world.run(3)
    assert world.state(name) is S.FILLED
    assert len(world.told_fills(name)) == 1
    assert world.exchange.calls["submit"] == 1
    world.audit()


@pytest.mark.parametrize("market", [True, False])
@pytest.mark.parametrize("streams", [True, False])
def test_N07_a_reset_after_the_request_is_looked_up(
    world: Any, market: bool, streams: bool
) -> None:
    if not streams:
        world.exchange.sink = None
    world.exchange.fate("submit", OutcomeUnknown("connection reset by peer"))
    name = world.market() if market else world.submit()
    world.run(3)
    assert world.state(name) is (S.FILLED if market else S.ACCEPTED)
    world.audit()


def test_N10_the_streams_word_ends_the_doubt_and_the_look_ups(world: Any) -> None:
    world.exchange.fate("submit", OutcomeUnknown("-1006 unexpected response"))
    name = world.submit()
    world.run(5)
    assert world.state(name) is S.ACCEPTED
    assert S.UNKNOWN not in world.story(name)
    assert world.exchange.calls["order"] == 0


def test_N10_a_stream_that_tells_during_the_doubt_stops_the_timers(world: Any, fate: Any) -> None:
    world.exchange.fate("submit", fate.LATE)
    world.exchange.hides_order_for_s = 1000
    name = world.submit()
    world.run(11)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]
    asked = world.exchange.calls["order"]
    world.run(30)
    assert world.exchange.calls["order"] == asked


def test_not_found_right_after_the_send_proves_nothing(world: Any, fate: Any) -> None:
    world.exchange.sink = None
    world.exchange.hides_order_for_s = 18.0
    world.exchange.fate("submit", fate.LOST_AFTER)
    name = world.submit()
    world.run(25)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]


def test_an_order_that_look_ups_never_find_is_found_in_the_open_orders(
    world: Any, fate: Any
) -> None:
    world.exchange.sink = None
    world.exchange.hides_order_for_s = 1000.0
    world.exchange.fate("submit", fate.LOST_AFTER)
    name = world.submit()
    world.run(60)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]


def test_an_order_that_look_ups_never_find_and_that_has_filled_is_not_declared_absent(
    world: Any, fate: Any
) -> None:
    world.exchange.sink = None
    world.exchange.hides_order_for_s = 1000.0
    world.exchange.fate("submit", fate.LOST_AFTER)
    name = world.market()
    world.run(60)
    assert world.state(name) is S.UNKNOWN
    assert world.kinds() == [FindingKind.ABSENT.value]
    assert "may be of it" in world.findings[0].detail


def test_a_stranger_whose_fills_are_known_to_be_his_does_not_keep_an_order_unknown(
    world: Any, fate: Any
) -> None:
    world.exchange.place_foreign("foreign-1")
    world.exchange.fill("foreign-1", "1")
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit()
    world.run(30)
    assert world.state(name) is S.REJECTED


def test_a_duplicate_means_that_it_is_there(world: Any) -> None:
    world.exchange.sink = None

    def taken_before(report: OrderReport) -> None:
        raise DuplicateOrder("Duplicate order sent.", code=-2010)

    world.exchange.fate("submit", taken_before)
    name = world.submit()
    world.run(3)
    assert world.state(name) is S.ACCEPTED
    world.audit()


def test_an_error_that_nobody_expected_is_unknown_not_lost(world: Any) -> None:
    world.exchange.sink = None

    def broken(report: OrderReport) -> None:
        raise KeyError("orderId")

    world.exchange.fate("submit", broken)
    name = world.submit()
    world.run(3)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]
    world.audit()


def test_L3_an_unknown_order_is_known_within_30_s_of_the_exchange_coming_back(
    world: Any, fate: Any
) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit()
    world.run(0.05)
    world.exchange.is_down = True
    world.run(600)
    assert world.state(name) is S.UNKNOWN
    world.exchange.is_down = False
    world.run(30)
    assert world.state(name) is S.REJECTED


def test_L10_a_doubt_of_a_minute_is_told_and_one_of_two_minutes_stops_new_orders(
    world: Any,
) -> None:
    def cut(report: OrderReport) -> None:
        world.exchange.is_down = True
        raise OutcomeUnknown("connection reset")

    world.exchange.fate("submit", cut)
    world.exchange.sink = None
    name = world.submit()
    world.run(62)
    assert FindingKind.UNRESOLVED.value in world.kinds()
    other = world.submit()
    assert world.state(other) is S.SUBMITTED
    world.run(65)
    denied = world.submit()
    assert world.state(denied) is S.DENIED
    assert "still unknown" in world.order(denied).reason
    world.exchange.is_down = False
    world.run(10)
    assert world.state(name) is S.ACCEPTED
    last = world.submit()
    world.run()
    assert world.state(last) is S.ACCEPTED


def test_a_look_up_waits_as_long_as_the_exchange_asks(world: Any, fate: Any) -> None:
    world.exchange.sink = None
    world.exchange.fate("submit", fate.LOST_AFTER)
    world.exchange.fail("order", RateLimited("slow down", retry_after_s=20))
    name = world.submit()
    world.run(19)
    assert world.exchange.calls["order"] == 1
    world.run(3)
    assert world.state(name) is S.ACCEPTED


def test_a_key_refused_at_a_look_up_halts(world: Any, fate: Any) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    world.exchange.fail("order", AuthError("revoked"))
    world.submit()
    world.run(1)
    assert "revoked" in world.desk.halted


def test_on_derivatives_absence_tells_a_person_and_decides_nothing(world: Any, fate: Any) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit(symbol=FUTURE)
    world.run(300)
    assert world.state(name) is S.UNKNOWN
    assert world.kinds() == [FindingKind.ABSENT.value]
    assert world.state(world.submit(symbol=FUTURE)) is S.DENIED
    elsewhere = world.submit()
    world.run(1)
    assert world.state(elsewhere) is S.ACCEPTED
    world.desk.declare_absent(name)
    assert world.state(name) is S.REJECTED
    world.desk.resume()
    again = world.submit(symbol=FUTURE)
    world.run(1)
    assert world.state(again) is S.ACCEPTED


@pytest.mark.parametrize(
    "changes",
    [
        {"client_order_id": "somebody-else"},
        {"side": Side.SELL},
        {"symbol": FUTURE},
        {"amount": "7"},
    ],
)
def test_N18_an_answer_for_another_order_halts_the_symbol_and_is_looked_up(
    world: Any, changes: dict[str, Any]
) -> None:
    world.exchange.sink = None

    def mixed(report: OrderReport) -> OrderReport:
        values = {
            "client_order_id": report.client_order_id,
            "symbol": report.symbol,
            "state": S.FILLED,
            "time": report.time,
            "amount": report.amount,
            "evidence": Evidence.REPLY,
            **changes,
        }
        return OrderReport(**values)

    world.exchange.fate("submit", mixed)
    name = world.submit()
    world.run(3)
    assert world.story(name) == [S.SUBMITTED, S.UNKNOWN, S.ACCEPTED]
    assert world.kinds() == [FindingKind.MIXED_UP.value]
    assert world.state(world.submit()) is S.DENIED


def test_a_refusal_that_the_stream_contradicts_is_looked_up_and_not_believed(world: Any) -> None:
    def refused(report: OrderReport) -> None:
        raise InvalidOrder("no", code=-1013)

    world.exchange.fate("submit", refused)
    name = world.submit()
    world.run(3)
    assert world.state(name) is S.ACCEPTED
    assert world.exchange.calls["order"] == 1


@pytest.mark.parametrize("skew_s", [-600, 600])
def test_T01_the_fence_goes_by_the_exchanges_clock(world: Any, fate: Any, skew_s: int) -> None:
    world.runtime.clock.skew = timedelta(seconds=skew_s)
    world.exchange.fate("submit", fate.LOST_BEFORE)
    name = world.submit()
    world.run(20)
    assert world.state(name) is S.UNKNOWN
    world.run(10)
    assert world.state(name) is S.REJECTED


def test_reads_that_fail_between_the_two_absences_prove_nothing(world: Any, fate: Any) -> None:
    world.exchange.fate("submit", fate.LOST_BEFORE)
    world.exchange.fail("open_orders", *[Unavailable("down")] * 5)
    name = world.submit()
    world.run(27)
    assert world.state(name) is S.UNKNOWN
    world.run(15)
    assert world.state(name) is S.REJECTED


def test_N19_two_orders_from_one_intent_halt(world: Any) -> None:
    name = world.placed()
    report = world.exchange.report(name, Evidence.STREAM)
    world.desk.apply(attrs.evolve(report, exchange_order_id="x99"))
    assert world.kinds() == [FindingKind.DUPLICATE_ORDER.value]
    assert "x99" in world.desk.halted
    assert world.state(world.submit()) is S.DENIED
