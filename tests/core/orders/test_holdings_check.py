"""What the account holds beside what our fills add up to."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from real_trade.model import Balance, Instrument, Market, Position
from real_trade.orders import Action, FindingKind
from real_trade.orders.holdings_check import HoldingsCheck

D = Decimal


def instrument(symbol, market):
    base = symbol.split("/")[0]
    return Instrument(
        symbol=symbol, native=symbol.replace("/", ""), base=base, quote="USDT", settle="USDT",
        market=market, price_step=D("0.01"), amount_step=D("0.001"),
    )  # fmt: skip


@pytest.fixture
def side():
    """One side of the comparison, and what was found."""
    listed = {
        "BTC/USDT": instrument("BTC/USDT", Market.SPOT),
        "BTC/USDC": instrument("BTC/USDC", Market.SPOT),
        "ETH/USDT:USDT": instrument("ETH/USDT:USDT", Market.FUTURE),
    }
    one = SimpleNamespace(held={}, found=[], listed=listed)
    record = SimpleNamespace(find=one.found.append)
    one.check = HoldingsCheck(record, lambda: one.listed, lambda: one.held)
    return one


def btc(amount):
    return {"BTC": Balance(asset="BTC", free=D(amount))}


def test_a_difference_is_told_when_it_is_seen_twice(side):
    side.held = {"BTC/USDT": D("0.3")}
    assert side.check.look(btc("0.1"), [])
    assert side.found == []
    assert not side.check.look(btc("0.1"), [])
    (finding,) = side.found
    assert (finding.kind, finding.action) == (FindingKind.HOLDINGS, Action.ALERT)
    assert "holds 0.1 BTC, and our fills add up to 0.3" in finding.detail


def test_a_look_between_a_fill_and_its_news_is_no_difference(side):
    side.held = {"BTC/USDT": D("0.3")}
    assert side.check.look(btc("0.1"), [])
    side.held = {"BTC/USDT": D("0.1")}
    assert not side.check.look(btc("0.1"), [])
    assert side.found == []


def test_what_others_bought_and_less_than_a_step_is_no_difference_on_spot(side):
    side.held = {"BTC/USDT": D("0.3")}
    for held in ("5", "0.3", "0.2995"):
        assert not side.check.look(btc(held), [])
    assert side.found == []


def test_positions_in_several_pairs_of_one_asset_add_up(side):
    side.held = {"BTC/USDT": D("0.3"), "BTC/USDC": D("0.2")}
    assert not side.check.look(btc("0.5"), [])
    assert side.check.look(btc("0.4"), [])


def test_a_position_of_ours_that_differs_on_futures_halts_its_symbol(side):
    side.held = {"ETH/USDT:USDT": D(2)}
    for _ in range(2):
        side.check.look({}, [])
    (finding,) = side.found
    assert (finding.action, finding.symbol) == (Action.HALT_SYMBOL, "ETH/USDT:USDT")


def test_a_position_that_is_not_ours_is_told_and_halts_nothing(side):
    for _ in range(2):
        side.check.look({}, [Position(symbol="ETH/USDT:USDT", amount=D(-1))])
    (finding,) = side.found
    assert finding.action is Action.ALERT
    assert "is -1, and our fills add up to 0" in finding.detail


def test_nothing_is_asked_for_while_nothing_is_held_on_spot(side):
    assert side.check.is_needed  # futures are listed here
    del side.listed["ETH/USDT:USDT"]
    assert not side.check.is_needed
    side.held = {"BTC/USDT": D("0.3")}
    assert side.check.is_needed
