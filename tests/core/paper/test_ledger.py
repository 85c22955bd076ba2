"""Money is conserved: whatever accounts and market do, every asset sums to zero."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from real_trade.paper import Book, Entry, Ledger, PostingKind
from real_trade.utils.errors import DataError

D = Decimal
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_movement_that_does_not_sum_to_zero_is_refused_and_books_nothing():
    ledger = Ledger()
    with pytest.raises(DataError, match="USDT"):
        ledger.post(
            NOW, PostingKind.DEPOSIT, "1",
            [Entry(Book.FREE, "USDT", D(5)), Entry(Book.EXTERNAL, "USDT", D(-4))],
        )  # fmt: skip
    assert ledger.free("USDT") == 0
    assert ledger.count == 0


def test_funds_cannot_become_negative():
    ledger = Ledger()
    with pytest.raises(DataError, match="free"):
        ledger.post(
            NOW, PostingKind.WITHDRAW, "1",
            [Entry(Book.FREE, "USDT", D(-5)), Entry(Book.EXTERNAL, "USDT", D(5))],
        )  # fmt: skip


def test_check_finds_a_total_that_no_posting_made():
    ledger = Ledger()
    ledger.post(
        NOW, PostingKind.DEPOSIT, "1",
        [Entry(Book.FREE, "USDT", D(5)), Entry(Book.EXTERNAL, "USDT", D(-5))],
    )  # fmt: skip
    ledger.check()
    ledger._totals[Book.FREE, "USDT"] += 1
    ledger._totals[Book.MARKET, "USDT"] = D(-1)
    with pytest.raises(DataError, match="postings"):
        ledger.check()


def test_only_the_newest_postings_are_kept_and_totals_stay():
    ledger = Ledger(keep=3)
    for number in range(10):
        ledger.post(
            NOW, PostingKind.DEPOSIT, str(number),
            [Entry(Book.FREE, "USDT", D(1)), Entry(Book.EXTERNAL, "USDT", D(-1))],
        )  # fmt: skip
    assert [posting.sequence for posting in ledger.postings] == [8, 9, 10]
    assert ledger.free("USDT") == 10
    ledger.check()


FLOW = Path(__file__).parent / "flow.py"


@pytest.fixture(scope="module")
def flow():
    import importlib.util

    spec = importlib.util.spec_from_file_location("paper_flow", FLOW)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@given(seed=st.integers(0, 2**32), fee_asset=st.sampled_from(["received", "base", "quote", "BNB"]))
@settings(max_examples=60, deadline=None)
def test_books_balance_and_nobody_is_overdrawn_under_random_flow(flow, seed, fee_asset):
    venue = flow.run(seed, 80, fee_asset)
    venue.check()
    for asset in ("BTC", "ETH", "USDT", "BNB"):
        assert flow.outside(venue, asset) == 0


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_balances_follow_from_deposits_fills_and_fees(flow, seed):
    venue = flow.run(seed, 80, "received")
    for account in venue.accounts:
        expected = dict(flow.START.items())
        for fill in venue.fills(account):
            base, quote = fill.symbol.split("/")
            sign = fill.side.sign
            expected[base] += sign * fill.amount
            expected[quote] -= sign * fill.quote_amount
            expected[fill.fee_asset] -= fill.fee
        for asset, amount in expected.items():
            assert venue.balance(account, asset).total == amount


def test_same_seed_gives_the_same_events_and_ledgers_in_every_process():
    digests = set()
    for hash_seed in ("0", "1", "31337"):
        done = subprocess.run(
            [sys.executable, str(FLOW), "99"],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1
    assert len(digests.pop().strip()) == 64
