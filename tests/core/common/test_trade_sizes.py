"""Floats that lead Backtrader's sums to exact sizes."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.common.trade_sizes import TradeSizes

D = Decimal
sizes = st.integers(0, 10**13).map(lambda n: D(n) / 10**8)
small = st.integers(-(10**6), 10**6).map(lambda n: D(n) / 10**3)


@given(sizes, sizes)
def test_the_sum_is_the_size_or_next_to_it(old, new):
    kept = TradeSizes()
    shown = sum(kept.change("trade", D(0), old))
    shown += sum(kept.change("trade", old, new - old))
    assert abs(shown - float(new)) <= math.ulp(max(float(old), float(new)))


@pytest.mark.parametrize(("old", "new"), [("1.1", "0.00000001"), ("0.00000211", "0.00001969")])
def test_sizes_between_which_no_float_leads_do_not_hold_the_run_up(old, new):
    kept, old, new = TradeSizes(), D(old), D(new)
    shown = sum(kept.change("trade", D(0), old)) + sum(kept.change("trade", old, new - old))
    assert shown == pytest.approx(float(new), abs=1e-15)
    assert shown + sum(kept.change("trade", new, -new)) == 0.0


@given(st.lists(small.filter(bool), max_size=30))
def test_the_sum_of_the_changes_is_zero_whenever_the_position_is(changes):
    sizes, position, shown = TradeSizes(), D(0), 0.0
    for signed in [*changes, -sum(changes, D(0))]:
        closed, opened = sizes.change("trade", position, signed)
        assert closed == 0.0 or opened == 0.0 or closed * opened > 0
        if position * signed >= 0:
            assert closed == 0.0
        shown = shown + closed + opened
        position += signed
        assert abs(shown - float(position)) <= 1e-9
        if not position:
            assert shown == 0.0


def test_three_sales_of_a_tenth_close_three_tenths():
    sizes, shown, position = TradeSizes(), 0.0, D(0)
    for signed in [D("0.1")] * 3 + [D("-0.1")] * 3:
        shown += sum(sizes.change("trade", position, signed))
        position += signed
        assert shown == float(position)
    assert shown == 0.0


def test_trades_of_different_ids_close_each_by_itself():
    sizes = TradeSizes()
    sizes.change("one", D(0), D("0.1"))
    sizes.change("two", D("0.1"), D("0.2"))
    assert sizes.change("one", D("0.3"), D("-0.1")) == (-0.1, 0.0)
    assert sizes.change("two", D("0.2"), D("-0.2")) == (-0.2, 0.0)
