"""What the documentation says of limits is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import attrs
import pytest

from real_trade.model import Balance, Position, Side
from real_trade.risk import Limits
from real_trade.risk.limits import LIMIT_NAMES

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO, REFERENCE = DOCS / "how-to/limits.md", DOCS / "reference/risk.md"

pytestmark = pytest.mark.skipif(not HOW_TO.exists(), reason="the documentation is not here")


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", [HOW_TO, REFERENCE])
def test_every_limit_is_explained(page):
    text = page.read_text(encoding="utf-8")
    assert [name for name in LIMIT_NAMES if f"`{name}`" not in text] == []


def test_every_setting_is_in_the_reference():
    text = REFERENCE.read_text(encoding="utf-8")
    names = [field.name for field in attrs.fields(Limits) if field.init]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_examples_are_limits():
    found = [tomllib.loads(block)["limits"] for block in blocks("toml")]
    assert len(found) == 2
    for section in found:
        assert Limits.from_section(section).configured


def test_the_denial_that_is_shown_is_the_denial_that_comes(world):
    denial = world(max_order_value=5000).ask(Side.BUY, 51)
    assert f"{denial.code}: {denial.reason}" == blocks("text")[0].strip()


BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("limits", "held", "passes", "denied"),
    [
        ({"max_order_value": 5000}, 0, (BUY, 50), (BUY, 51)),
        ({"max_order_pct": "10%"}, 0, (BUY, 10), (BUY, 11)),
        ({"max_position_value": 1000}, 6, (BUY, 4), (BUY, 5)),
        ({"max_position_pct": "30%"}, 20, (BUY, 10), (BUY, 11)),
        ({"max_total_pct": "80%"}, 0, (BUY, 80), (BUY, "80.01")),
        ({"max_leverage": "3x"}, 0, (BUY, 300), (BUY, "300.01")),
        ({"max_trade_loss": 100, "stop_loss_pct": "5%"}, 0, (BUY, 20), (BUY, 21)),
        ({"max_trade_loss": 100}, 0, (BUY, 1), (BUY, 2)),
        ({"min_free_balance": 4000}, 0, (BUY, 60), (BUY, 61)),
        ({"min_free_balance_pct": "40%"}, 0, (BUY, 60), (BUY, 61)),
        ({"allowed_sides": ["buy"]}, 0, (BUY, 1), (SELL, 1)),
    ],
)
def test_the_table_s_figures_are_so(world, limits, held, passes, denied):
    for (side, amount), expected in ((passes, None), (denied, next(iter(limits)))):
        one = world(**limits)
        if held:
            one.positions[one.symbol] = Position(
                symbol=one.symbol, amount=str(held), entry_price="100"
            )
            one.balances["BTC"] = Balance(asset="BTC", free=str(held))
        denial = one.ask(side, amount)
        assert (denial and denial.code) == expected


@pytest.mark.parametrize(
    ("multiple", "expected"), [("4.7", None), ("4.8", "min_liquidation_distance")]
)
def test_the_distance_of_liquidation_is_so(world, multiple, expected):
    one = world(market="BTC/USDT:USDT", min_liquidation_distance="20%")
    denial = one.ask(BUY, float(multiple) * 100)
    assert (denial and denial.code) == expected
