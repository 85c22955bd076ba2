"""Whatever happens: assets sum to zero, positions are the sum of fills, seeds repeat."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from real_trade.paper import Book, VenueReject
from real_trade.paper.futures import MarginType, PositionMode, PositionSide
from real_trade.paper.ledger import exact_sum

D = Decimal
SYMBOLS = ("BTC/USDT:USDT", "BTC/USD:BTC")
BOOKS = tuple(Book)

_account = st.sampled_from(["alice", "bob"])
_symbol = st.sampled_from(SYMBOLS)
_side = st.sampled_from(["buy", "sell"])
_size = st.integers(1, 40)
_price = st.integers(300, 800).map(lambda number: str(number * 100))
_flag = st.booleans()

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("market"), _account, _symbol, _side, _size, _flag),
        st.tuples(st.just("limit"), _account, _symbol, _side, _size, _price, _flag),
        st.tuples(st.just("algo"), _account, _symbol, _side, _size, _price),
        st.tuples(st.just("price"), _symbol, _price),
        st.tuples(st.just("premium"), _symbol, st.integers(-30, 30)),
        st.tuples(st.just("funding"), _symbol, st.integers(-75, 75)),
        st.tuples(st.just("margin"), _account, _symbol, st.integers(-500, 500)),
        st.tuples(st.just("leverage"), _account, _symbol, st.integers(1, 50)),
        st.tuples(st.just("adl"), _account, _symbol),
        st.tuples(st.just("liquidate"), _account, _symbol),
        st.tuples(st.just("time"), st.integers(1, 10)),
    ),
    min_size=10,
    max_size=60,
)


class Player:
    """Plays actions on a desk; what the venue refuses changes nothing."""

    def __init__(self, desk, *, isolated, hedge):
        self.desk = desk
        self.venue = desk.venue
        self.hedge = hedge
        for account in self.venue.accounts:
            if hedge:
                self.venue.set_position_mode(account, PositionMode.HEDGE)
            for symbol in SYMBOLS if isolated else ():
                self.venue.set_margin_type(account, symbol, MarginType.ISOLATED)
        for symbol in SYMBOLS:
            desk.at("50000", symbol)

    def play(self, action):
        with contextlib.suppress(VenueReject):
            getattr(self, action[0])(*action[1:])
        self.venue.check()

    def market(self, account, symbol, side, size, reduce_only):
        self._order(account, symbol, side, size, "market", reduce_only)

    def limit(self, account, symbol, side, size, price, reduce_only):
        self._order(account, symbol, side, size, "limit", reduce_only, price=price)

    def _order(self, account, symbol, side, size, kind, flag, **fields):
        if self.hedge:
            fields["position_side"] = PositionSide.LONG if flag else PositionSide.SHORT
        else:
            fields["reduce_only"] = flag
        amount = self._amount(symbol, size)
        self.desk.order(side, amount, kind, symbol=symbol, account=account, **fields)

    def algo(self, account, symbol, side, size, price):
        fields = {"position_side": PositionSide.LONG} if self.hedge else {}
        self.desk.algo(
            side,
            "stop",
            symbol=symbol,
            account=account,
            amount=self._amount(symbol, size),
            trigger_price=price,
            **fields,
        )

    def price(self, symbol, price):
        self.desk.at(price, symbol)

    def premium(self, symbol, percent):
        self.venue.set_premium(symbol, D(percent) / 100)

    def funding(self, symbol, per_mille):
        self.venue.settle_funding(symbol, D(per_mille) / 10_000)

    def margin(self, account, symbol, amount):
        amount = D(amount) if symbol == SYMBOLS[0] else D(amount) / 10_000
        self.venue.change_margin(account, symbol, amount, self._held_side)

    def leverage(self, account, symbol, leverage):
        self.venue.set_leverage(account, symbol, leverage)

    def adl(self, account, symbol):
        self.venue.auto_deleverage(account, symbol, self._held_side)

    def liquidate(self, account, symbol):
        self.venue.liquidate(account, symbol, self._held_side)

    def time(self, hours):
        self.desk.clock.sleep(hours * 3600)
        self.venue.run_due()

    @property
    def _held_side(self):
        return PositionSide.LONG if self.hedge else PositionSide.BOTH

    @staticmethod
    def _amount(symbol, size):
        return str(D(size) / 20) if symbol == SYMBOLS[0] else str(size * 10)

    def digest(self):
        lines = [repr(self.venue.ledger(name).postings) for name in self.venue.accounts]
        lines.append(repr(self.desk.events))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=ACTIONS, isolated=_flag, hedge=_flag)
def test_every_asset_sums_to_zero_and_positions_are_their_fills(
    desk_with, actions, isolated, hedge
):
    player = Player(desk_with(), isolated=isolated, hedge=hedge)
    for action in actions:
        player.play(action)
    venue = player.venue
    for name in venue.accounts:
        ledger = venue.ledger(name)
        for asset in ledger.assets:
            assert exact_sum(*(ledger.total(book, asset) for book in BOOKS)) == 0
        for symbol in SYMBOLS:
            fills = venue.fills(name, symbol)
            signed = sum((fill.amount * fill.side.sign for fill in fills), D(0))
            held = venue.positions(name, symbol, only_open=False)
            assert sum((one.amount for one in held), D(0)) == signed
            if not any(one.amount for one in held):
                assert all(one.isolated_wallet == 0 for one in held)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=ACTIONS, isolated=_flag)
def test_no_position_survives_below_its_maintenance_margin(desk_with, actions, isolated):
    player = Player(desk_with(), isolated=isolated, hedge=False)
    for action in actions:
        player.play(action)
    for name in player.venue.accounts:
        for held in player.venue.positions(name):
            if isolated:
                assert held.isolated_margin >= held.maintenance_margin
        for margin in player.venue.margins(name).values():
            assert margin.margin_balance >= margin.maintenance_margin


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=ACTIONS)
def test_reduce_only_never_opens_nor_turns_a_position(desk_with, actions):
    player = Player(desk_with(), isolated=False, hedge=False)
    for action in actions:
        before = {name: dict(_signed(player.venue, name)) for name in player.venue.accounts}
        player.play(action)
        if action[0] == "market" and action[5]:
            _, account, symbol, *_ = action
            was, now = (
                before[account].get(symbol, D(0)),
                _signed(player.venue, account).get(symbol, D(0)),
            )
            assert was * now >= 0
            assert abs(now) <= abs(was)


def _signed(venue, account):
    return {one.symbol: one.amount for one in venue.positions(account)}


FIXED = [
    ("market", "alice", SYMBOLS[0], "buy", 20, False),
    ("limit", "bob", SYMBOLS[0], "sell", 10, "50500", False),
    ("market", "bob", SYMBOLS[1], "sell", 20, False),
    ("algo", "alice", SYMBOLS[0], "sell", 20, "47000"),
    ("price", SYMBOLS[0], "51000"),
    ("time", 9),
    ("funding", SYMBOLS[1], 10),
    ("price", SYMBOLS[0], "40000"),
    ("price", SYMBOLS[1], "79000"),
    ("adl", "bob", SYMBOLS[0]),
]


def _play_fixed(desk):
    player = Player(desk, isolated=False, hedge=False)
    for action in FIXED:
        player.play(action)
    return player.digest()


def test_same_seed_and_calls_give_the_same_ledgers_and_events_in_any_process(desk_with):
    here = _play_fixed(desk_with(seed=7))
    assert here == _play_fixed(desk_with(seed=7))
    assert here != _play_fixed(desk_with(seed=8))  # ids that the venue draws differ
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, __file__],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
        assert done.stdout.strip() == here


def test_player_leaves_traces_of_every_kind(desk_with):
    """The fixed play is worth repeating only if it does what its name says."""
    player = Player(desk_with(seed=7), isolated=False, hedge=False)
    for action in FIXED:
        player.play(action)
    kinds = {
        posting.kind.value
        for name in player.venue.accounts
        for posting in player.venue.ledger(name).postings
    }
    assert {"deposit", "trade", "funding"} <= kinds
    assert player.venue.algo_orders("alice")[0].filled > 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    from conftest import Desk  # type: ignore[import-not-found]

    sys.stdout.write(_play_fixed(Desk(seed=7)))
