from __future__ import annotations

from decimal import Decimal

import pytest

from real_trade.paper import (
    ListKind,
    ListRequest,
    ListStatus,
    ListUpdated,
    RejectReason,
    Status,
    SymbolRules,
    VenueReject,
)

D = Decimal
SYMBOL = "BTC/USDT"
R = RejectReason


@pytest.fixture
def at_100(market):
    market.quote([("99", "50")], [("101", "50")])
    market.trade("100")
    return market


def statuses(market, placed, account="alice"):
    found = market.venue.order_list(account, list_id=placed.list_id)
    return [order.status for order in found.orders]


def oco(request_for, amount="2"):
    return ListRequest(
        kind=ListKind.OCO,
        orders=(
            request_for("sell", price="110", amount=amount, post_only=True),
            request_for("sell", "stop_limit", price="89", stop_price="90", amount=amount),
        ),
    )


def otoco(request_for):
    return ListRequest(
        kind=ListKind.OTOCO,
        orders=(
            request_for("buy", price="98", amount="1"),
            request_for("sell", price="110", amount="1"),
            request_for("sell", "stop", stop_price="90", amount="1"),
        ),
    )


def test_pair_locks_its_funds_once(at_100, request_for):
    at_100.venue.place_list("alice", oco(request_for))
    assert at_100.locked("alice", "BTC") == 2
    at_100.venue.check()


def test_fill_of_one_leg_expires_the_other(at_100, request_for):
    placed = at_100.venue.place_list("alice", oco(request_for))
    at_100.trade("110", "0.5", seller_takes=False)
    assert statuses(at_100, placed) == [Status.PARTIALLY_FILLED, Status.EXPIRED]
    assert at_100.locked("alice", "BTC") == D("1.5")
    at_100.trade("111", "5", seller_takes=False)
    assert statuses(at_100, placed)[0] is Status.FILLED
    done = [e.list.status for e in at_100.events if isinstance(e, ListUpdated)]
    assert done == [ListStatus.EXECUTING, ListStatus.ALL_DONE]
    at_100.venue.check()


def test_trigger_of_the_stop_leg_expires_the_limit_leg(at_100, request_for):
    placed = at_100.venue.place_list("alice", oco(request_for))
    at_100.quote([("80", "1")], [("95", "1")])
    at_100.trade("90", "0.001")
    assert statuses(at_100, placed) == [Status.EXPIRED, Status.NEW]
    assert at_100.locked("alice", "BTC") == 2


def test_cancel_of_one_leg_cancels_the_list(at_100, request_for):
    placed = at_100.venue.place_list("alice", oco(request_for))
    at_100.venue.cancel("alice", SYMBOL, order_id=placed.orders[1].order_id)
    assert statuses(at_100, placed) == [Status.CANCELED, Status.CANCELED]
    assert at_100.locked("alice", "BTC") == 0
    assert at_100.venue.order_list("alice", list_id=placed.list_id).status is ListStatus.ALL_DONE


def test_cancel_list_cancels_all_of_it_and_only_once(at_100, request_for):
    placed = at_100.venue.place_list("alice", oco(request_for))
    canceled = at_100.venue.cancel_list("alice", SYMBOL, list_id=placed.list_id)
    assert canceled.status is ListStatus.ALL_DONE
    with pytest.raises(VenueReject) as refused:
        at_100.venue.cancel_list("alice", SYMBOL, list_id=placed.list_id)
    assert refused.value.reason is RejectReason.UNKNOWN_LIST


def test_amendment_of_one_leg_amends_its_partner(at_100, request_for):
    placed = at_100.venue.place_list("alice", oco(request_for))
    first = placed.orders[0]
    at_100.venue.amend("alice", SYMBOL, order_id=first.order_id, amount=D(1))
    amounts = [o.amount for o in at_100.venue.open_orders("alice")]
    assert amounts == [1, 1]
    assert at_100.locked("alice", "BTC") == 1
    at_100.venue.check()


def test_pending_orders_wait_for_the_whole_of_the_working_one(at_100, request_for):
    placed = at_100.venue.place_list("alice", otoco(request_for))
    assert statuses(at_100, placed) == [Status.NEW, Status.PENDING_NEW, Status.PENDING_NEW]
    assert at_100.locked("alice", "BTC") == 0
    at_100.trade("98", "0.4")
    assert statuses(at_100, placed)[1:] == [Status.PENDING_NEW, Status.PENDING_NEW]
    at_100.trade("97.99", "5")
    assert statuses(at_100, placed) == [Status.FILLED, Status.NEW, Status.NEW]
    assert at_100.locked("alice", "BTC") == 1
    at_100.trade("90", "1")
    assert statuses(at_100, placed) == [Status.FILLED, Status.EXPIRED, Status.FILLED]
    at_100.venue.check()


def test_pending_orders_end_with_the_working_one(at_100, request_for):
    placed = at_100.venue.place_list("alice", otoco(request_for))
    at_100.venue.cancel("alice", SYMBOL, order_id=placed.orders[0].order_id)
    assert statuses(at_100, placed) == [Status.CANCELED] * 3
    assert not at_100.venue.open_orders("alice")


def test_pending_order_without_funds_is_rejected_when_its_turn_comes(at_100, request_for):
    placed = at_100.venue.place_list(
        "alice",
        ListRequest(
            kind=ListKind.OTO,
            orders=(
                request_for("buy", price="98", amount="1"),
                request_for("sell", price="120", amount="12"),
            ),
        ),
    )
    at_100.trade("97", "5")
    assert statuses(at_100, placed) == [Status.FILLED, Status.REJECTED]
    at_100.venue.check()


def test_pending_market_order_fills_at_once_when_its_turn_comes(at_100, request_for):
    placed = at_100.venue.place_list(
        "alice",
        ListRequest(
            kind=ListKind.OTO,
            orders=(
                request_for("buy", price="101", amount="1"),
                request_for("sell", "market", amount="1"),
            ),
        ),
    )
    assert statuses(at_100, placed) == [Status.FILLED, Status.FILLED]
    assert at_100.free("alice", "USDT") == 10_000 - 101 + 99


@pytest.mark.parametrize(
    ("reason", "kind", "orders"),
    [
        (R.LIST_PRICES, ListKind.OCO, [("sell", "limit", "95"), ("sell", "stop", "90")]),
        (R.LIST_PRICES, ListKind.OCO, [("buy", "limit", "95"), ("buy", "stop", "94")]),
        (R.LIST_ORDERS, ListKind.OCO, [("buy", "limit", "95"), ("sell", "stop", "90")]),
        (R.LIST_ORDERS, ListKind.OCO, [("sell", "limit", "110"), ("sell", "limit", "9")]),
        (R.LIST_ORDERS, ListKind.OTO, [("sell", "stop", "90"), ("buy", "limit", "80")]),
        (R.LIST_ORDERS, ListKind.OTOCO, [("sell", "limit", "110")]),
    ],
)  # fmt: skip
def test_orders_that_make_no_list_are_refused_whole(at_100, request_for, reason, kind, orders):
    requests = tuple(
        request_for(side, what, amount="1", **{"stop_price" if what == "stop" else "price": price})
        for side, what, price in orders
    )
    with pytest.raises(VenueReject) as refused:
        at_100.venue.place_list("alice", ListRequest(kind=kind, orders=requests))
    assert refused.value.reason is reason
    assert not at_100.venue.orders("alice")
    assert at_100.locked("alice", "BTC") == 0


def test_number_of_open_lists_is_limited(market_with, request_for):
    market = market_with(rules={SYMBOL: SymbolRules(max_order_lists=1)})
    market.trade("100")
    market.venue.place_list("alice", oco(request_for))
    with pytest.raises(VenueReject) as refused:
        market.venue.place_list("alice", oco(request_for))
    assert refused.value.reason is RejectReason.MAX_NUM_ORDER_LISTS
