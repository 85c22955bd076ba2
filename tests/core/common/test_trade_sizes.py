"""Floats that lead Backtrader's sums to exact sizes."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.common.trade_sizes import TradeSizes, step_to

D = Decimal
sizes = st.integers(0, 10**13).map(lambda n: D(n) / 10**8)
small = st.integers(-(10**6), 10**6).map(lambda n: D(n) / 10**3)


@given(sizes, sizes)
def test_a_step_leads_to_the_target_or_next_to_it(old, new):
    shown, target = float(old), float(new)
    reached = shown + step_to(shown, target)
    assert abs(reached - target) <= math.ulp(max(shown, target))


def test_a_step_ends_where_no_float_leads_to_the_target():
    assert 2.11e-06 + step_to(2.11e-06, 1.969e-05) == pytest.approx(1.969e-05, rel=1e-15)


@given(sizes)
def test_a_step_to_zero_reaches_zero(old):
    assert float(old) + step_to(float(old), 0.0) == 0.0


def test_a_step_to_a_small_rest_of_a_large_size_ends():
    reached = 1.1 + step_to(1.1, 1e-8)
    assert abs(reached - 1e-8) < 1e-15


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
