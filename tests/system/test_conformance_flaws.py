"""Exchanges that are wrong on purpose: each fails the cases of its own mistake and no other."""

from __future__ import annotations

import textwrap
from pathlib import Path

import attrs
import pytest

pytest.importorskip("ccxt")

from real_trade.testing.grade import Ending, grade

EXAMPLE = Path(__file__).parents[2] / "examples" / "real-trade-kraken"

HEAD = """
from decimal import Decimal
import attrs, pytest
import kraken_double as double
from real_trade_kraken.exchange import KrakenExchange
from real_trade.exchange import *
from real_trade.exchange.errors import *
from real_trade.model import *
from real_trade.runtime import VirtualRuntime
from real_trade.testing import ExchangeConformance, Workbench

class Flawed(KrakenExchange):
{flaw}

class TestFlawed(ExchangeConformance):
    @pytest.fixture
    def bench(self):
        runtime = VirtualRuntime(7)
        bench = Workbench(
            open=Flawed,
            settings=ExchangeSettings(
                runtime=runtime,
                apikey=double.KEY,
                secret=double.SECRET,
                transport=double.KrakenDouble(runtime.clock),
            ),
            symbol=double.SYMBOL,
            name="kraken",
            bad_keys=("another-key", double.SECRET),
        )
        yield bench
        bench.close()
"""

ORDER_UNKNOWN = "test_an_order_without_a_clear_answer_is_unknown"
CANCEL_UNKNOWN = "test_a_cancel_without_a_clear_answer_is_unknown"

FLAWS = {
    "none": ("pass", set()),
    "sends_again_when_the_answer_is_lost": (
        """
        def submit(self, intent):
            try:
                return super().submit(intent)
            except OutcomeUnknown:
                return super().submit(intent)
        """,
        {ORDER_UNKNOWN},
    ),
    "calls_a_lost_answer_a_rejection": (
        """
        def submit(self, intent):
            try:
                return super().submit(intent)
            except OutcomeUnknown as lost:
                raise Rejected(str(lost)) from lost
        """,
        {ORDER_UNKNOWN},
    ),
    "calls_a_lost_cancel_done": (
        """
        def cancel(self, symbol, client_order_id):
            try:
                return super().cancel(symbol, client_order_id)
            except OutcomeUnknown:
                return OrderReport(
                    client_order_id=client_order_id, symbol=symbol,
                    state=OrderState.CANCELED, time=self.now(),
                )
        """,
        {CANCEL_UNKNOWN},
    ),
    "calls_an_unsent_order_unknown": (
        """
        def submit(self, intent):
            try:
                return super().submit(intent)
            except RateLimited:
                raise
            except Unavailable as unsent:
                raise OutcomeUnknown(str(unsent)) from unsent
        """,
        {"test_an_order_that_was_not_sent_is_unavailable"},
    ),
    "calls_an_unsent_cancel_not_found": (
        """
        def cancel(self, symbol, client_order_id):
            try:
                return super().cancel(symbol, client_order_id)
            except Unavailable as unsent:
                raise OrderNotFound(str(unsent)) from unsent
        """,
        {"test_a_cancel_that_was_not_sent_is_unavailable"},
    ),
    "forgets_how_long_to_pause": (
        """
        def submit(self, intent):
            try:
                return super().submit(intent)
            except RateLimited as limited:
                raise RateLimited(str(limited)) from None
        """,
        {"test_too_many_requests_is_told_with_its_pause"},
    ),
    "rounds_in_silence": (
        """
        def submit(self, intent):
            rules = self.resolve(intent.symbol)
            price = intent.price and rules.round_price(intent.price, intent.side)
            amount = intent.amount and rules.round_amount(intent.amount)
            return super().submit(attrs.evolve(intent, price=price, amount=amount))
        """,
        {"test_an_order_against_the_rules_is_refused"},
    ),
    "makes_a_stop_a_market_order": (
        """
        def submit(self, intent):
            if intent.type is OrderType.STOP:
                intent = attrs.evolve(intent, type=OrderType.MARKET, stop_price=None)
            return super().submit(intent)
        """,
        {"test_order_types_are_native_or_refused"},
    ),
    "drops_post_only": (
        """
        def submit(self, intent):
            return super().submit(attrs.evolve(intent, post_only=False))
        """,
        {"test_a_post_only_order_never_takes"},
    ),
    "drops_the_time_in_force": (
        """
        def submit(self, intent):
            return super().submit(attrs.evolve(intent, time_in_force=TimeInForce.GTC))
        """,
        {"test_times_in_force_are_native_or_refused"},
    ),
    "tells_a_fill_twice": (
        """
        def fills(self, symbol, since):
            return [fill for fill in super().fills(symbol, since) for _ in range(2)]
        """,
        {"test_a_market_order_fills_and_its_fills_add_up"},
    ),
    "loses_the_fill_at_the_very_time": (
        """
        def fills(self, symbol, since):
            return [fill for fill in super().fills(symbol, since) if fill.time > since]
        """,
        {"test_fills_since_a_time_are_those_at_or_after_it"},
    ),
    "repeats_the_last_bar_of_a_page": (
        """
        def bars(self, symbol, timeframe, since, limit):
            if since is not None:
                since = timeframe.add(since, -1)
            return super().bars(symbol, timeframe, since, limit)
        """,
        {"test_bars_page_without_gap_or_repeat"},
    ),
    "calls_the_forming_bar_closed": (
        """
        def bars(self, symbol, timeframe, since, limit):
            found = super().bars(symbol, timeframe, since, limit)
            return [attrs.evolve(bar, closed=True) for bar in found]
        """,
        {"test_newest_bars_are_in_order_and_only_the_last_is_open"},
    ),
    "answers_zero_when_it_cannot_read": (
        """
        def ticker(self, symbol):
            try:
                return super().ticker(symbol)
            except Unavailable:
                return Ticker(symbol=symbol, last=1, bid=1, ask=1, time=self.now())
        """,
        {"test_a_read_that_fails_says_so"},
    ),
    "calls_an_unknown_symbol_a_configuration_error": (
        """
        def resolve(self, symbol):
            try:
                return super().resolve(symbol)
            except UnknownSymbol as error:
                raise ConfigurationError(str(error)) from error
        """,
        {"test_an_unknown_symbol_is_called_so"},
    ),
    "tells_naive_times": (
        """
        def server_time(self):
            return super().server_time().replace(tzinfo=None)
        """,
        {
            "test_server_time_is_aware_and_near",
            "test_newest_bars_are_in_order_and_only_the_last_is_open",
            "test_a_wrong_clock_changes_nothing",
        },
    ),
    "trusts_this_machines_clock": (
        """
        def server_time(self):
            super().server_time()
            return self.settings.runtime.clock.now()
        """,
        {"test_a_wrong_clock_changes_nothing"},
    ),
    "cuts_the_client_order_id": (
        """
        def submit(self, intent):
            short = attrs.evolve(intent, client_order_id=intent.client_order_id[:-1])
            return super().submit(short)
        """,
        None,
    ),
    "hides_what_is_locked": (
        """
        def balances(self):
            return {
                asset: attrs.evolve(one, free=one.total, locked=Decimal(0))
                for asset, one in super().balances().items()
            }
        """,
        {"test_balances_tell_free_and_locked"},
    ),
    "lists_instruments_under_native_names": (
        """
        def instruments(self):
            found = super().instruments()
            return found | {one.native: one for one in found.values()}
        """,
        {"test_instruments_have_steps"},
    ),
    "has_another_name": (
        'name = "Kraken"',
        {"test_it_is_an_exchange_under_its_registered_name"},
    ),
    "answers_without_a_key": (
        """
        def balances(self):
            return super().balances() if self.settings.apikey else {}
        """,
        {"test_without_a_key_only_public_data_are_read"},
    ),
    "calls_a_wrong_key_unavailable": (
        """
        def balances(self):
            try:
                return super().balances()
            except AuthError as error:
                if self.settings.apikey:
                    raise Unavailable(str(error)) from error
                raise
        """,
        {"test_a_wrong_key_is_called_so"},
    ),
    "tells_its_secret": (
        """
        def __repr__(self):
            return f"<Kraken {self.settings.secret.reveal()}>"
        """,
        {"test_secrets_are_never_seen"},
    ),
    "calls_too_little_money_an_invalid_order": (
        """
        def submit(self, intent):
            try:
                return super().submit(intent)
            except InsufficientFunds as error:
                raise InvalidOrder(str(error)) from error
        """,
        {"test_too_little_money_is_called_so"},
    ),
    "calls_a_finished_order_canceled": (
        """
        def cancel(self, symbol, client_order_id):
            try:
                return super().cancel(symbol, client_order_id)
            except OrderNotFound:
                return OrderReport(
                    client_order_id=client_order_id, symbol=symbol,
                    state=OrderState.CANCELED, time=self.now(),
                )
        """,
        {
            "test_an_unknown_order_is_not_found",
            "test_a_cancel_that_comes_too_late_leaves_the_fill",
        },
    ),
    "lists_open_orders_of_no_symbol_as_none": (
        """
        def open_orders(self, symbol=None):
            return super().open_orders(symbol) if symbol else []
        """,
        {"test_open_orders_of_all_symbols_include_it"},
    ),
    "connects_only_once": (
        """
        def close(self):
            super().close()
            self._closings = getattr(self, "_closings", 0) + 1
            if self._closings > 1:
                raise RuntimeError("closed already")
        """,
        {"test_connect_and_close_can_be_repeated"},
    ),
}


def run(tmp_path, name, flaw):
    body = textwrap.indent(textwrap.dedent(flaw).strip(), "    ")
    path = tmp_path / f"test_{name}.py"  # pytest keeps modules by name
    path.write_text(HEAD.format(flaw=body), encoding="utf-8")
    folders = f"{EXAMPLE / 'src'} {EXAMPLE / 'tests'}"
    return grade([path], "--rootdir", str(tmp_path), "-o", f"pythonpath={folders}")


@pytest.mark.parametrize("name", FLAWS)
def test_a_flawed_exchange_fails_the_cases_of_its_flaw(name, tmp_path):
    flaw, expected = FLAWS[name]
    cases = run(tmp_path, name, flaw)
    assert len(cases) > 60
    failed = {case.test for case in cases if case.ending is Ending.FAILED}
    if expected is None:  # everything that speaks of an order by its id
        assert "test_a_limit_order_rests_is_found_and_is_canceled" in failed
    else:
        assert failed == expected
    assert all(attrs.asdict(case)["reason"] for case in cases if case.ending is Ending.FAILED)
