"""What exchanges on ccxt share, seen through one that states its differences only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import urlsplit

import orjson
import pytest

pytest.importorskip("ccxt")

from real_trade.exchange import (
    AuthError,
    Capabilities,
    ConfigurationError,
    Environment,
    ExchangeSettings,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from real_trade.exchange.ccxt import CcxtExchange
from real_trade.exchange.outcomes import OutcomeTable, Verdict
from real_trade.exchange.transport import HttpReply, NotSent, ReplyLost
from real_trade.model import OrderIntent, OrderState, OrderType, Side, Timeframe, TimeInForce

PAIRS = {
    "XXBTZUSD": {
        "altname": "XBTUSD",
        "wsname": "XBT/USD",
        "aclass_base": "currency",
        "base": "XXBT",
        "aclass_quote": "currency",
        "quote": "ZUSD",
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": 1,
        "lot_decimals": 8,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": "0.00005",
        "costmin": "0.5",
        "tick_size": "0.1",
        "status": "online",
    }
}
OPENED = {
    "error": [],
    "result": {"descr": {"order": "buy 1.25 XBTUSD @ limit 90.1"}, "txid": ["OUF4EM-FRGI2"]},
}


class KrakenExchange(CcxtExchange):
    """A third party's exchange: its differences from others on ccxt, nothing else."""

    name = "kraken"
    ccxt_id = "kraken"
    capabilities = Capabilities(
        times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC}), post_only=True, max_bars=720
    )
    outcomes = OutcomeTable(
        codes={
            "EOrder:Insufficient funds": Verdict.FUNDS,
            "EOrder:Unknown order": Verdict.NOT_FOUND,
            "EAPI:Invalid key": Verdict.AUTH,
            "EAPI:Rate limit exceeded": Verdict.RATE_LIMITED,
        }
    )

    def read_error(self, status, payload):
        errors = payload.get("error") if isinstance(payload, dict) else None
        return (errors[0], errors[0]) if errors else None


class Script:
    def __init__(self, clock):
        self.clock = clock
        self.asked = []
        self.answers = {"AssetPairs": {"error": [], "result": PAIRS}}

    def send(self, request):
        name = urlsplit(request.url).path.rsplit("/", 1)[-1]
        self.asked.append((name, request))
        answer = self.answers.get(name)
        if name == "Time" and answer is None:
            now = int(self.clock.true_now().timestamp())
            answer = {"error": [], "result": {"unixtime": now, "rfc1123": ""}}
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, HttpReply):
            return answer
        body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        return HttpReply(status=200, body=body)

    def close(self):
        pass

    def count(self, name):
        return sum(asked == name for asked, _ in self.asked)


@pytest.fixture
def script(virtual):
    return Script(virtual.clock)


@pytest.fixture
def make(virtual, script):
    def build(**changes):
        given = {"runtime": virtual, "transport": script, "apikey": "key-of-kraken"}
        given["secret"] = "c2VjcmV0LW9mLWtyYWtlbg=="
        return KrakenExchange(ExchangeSettings(**(given | changes)))

    return build


@pytest.fixture
def kraken(make):
    exchange = make()
    exchange.connect()
    yield exchange
    exchange.close()


@pytest.fixture
def order():
    return OrderIntent(
        client_order_id="rt-1",
        symbol="BTC/USD",
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=Decimal("1.25"),
        price=Decimal("90.1"),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_connecting_takes_one_call_for_the_time_and_one_for_the_markets(kraken, script):
    assert [name for name, _ in script.asked] == ["Time", "AssetPairs"]


def test_steps_and_minima_are_exact(kraken):
    instrument = kraken.instruments()["BTC/USD"]
    assert instrument.price_step == Decimal("0.1")
    assert instrument.amount_step == Decimal("1e-8")
    assert instrument.min_amount == Decimal("0.00005")
    assert instrument.min_notional == Decimal("0.5")
    assert instrument.taker_fee == Decimal("0.004")


def test_every_digit_of_a_number_without_quotes_survives(kraken, script):
    row = b'[1767225600,"1.5","2.5","0.5",1.00000000000000012345,"0",10.000000000000000001,3]'
    script.answers["OHLC"] = b'{"error":[],"result":{"XXBTZUSD":[' + row + b'],"last":1}}'
    (bar,) = kraken.bars("BTC/USD", Timeframe.M1, None, 10)
    assert bar.close == Decimal("1.00000000000000012345")
    assert bar.volume == Decimal("10.000000000000000001")


@pytest.mark.parametrize("body", [b'{"error":[],"result":NaN}', b"{", b"<html>", b"[" * 99999])
def test_what_is_no_json_is_unavailable_for_a_read(kraken, script, body):
    script.answers["OHLC"] = body
    with pytest.raises(Unavailable):
        kraken.bars("BTC/USD", Timeframe.M1, None, 10)


def test_an_order_goes_out_with_our_id_and_exact_figures(kraken, script, order):
    script.answers["AddOrder"] = OPENED
    report = kraken.submit(order)
    (_, request) = script.asked[-1]
    assert b"cl_ord_id=rt-1" in request.body
    assert b"volume=1.25" in request.body
    assert b"price=90.1" in request.body
    assert (report.client_order_id, report.exchange_order_id) == ("rt-1", "OUF4EM-FRGI2")
    assert report.state is OrderState.ACCEPTED


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"error": ["EOrder:Insufficient funds"]}, InsufficientFunds),
        ({"error": ["EAPI:Invalid key"]}, AuthError),
        ({"error": ["EAPI:Rate limit exceeded"]}, RateLimited),
        ({"error": ["EService:Busy"]}, OutcomeUnknown),  # not listed
        ({"error": [], "result": {}}, OutcomeUnknown),
        (b"<html>", OutcomeUnknown),
        (HttpReply(status=502, body=b"bad gateway"), OutcomeUnknown),
        (ReplyLost("cut"), OutcomeUnknown),
        (NotSent("refused"), Unavailable),
    ],
)
def test_the_outcome_of_an_order_is_by_our_table_and_else_unknown(
    kraken, script, order, answer, error
):
    script.answers["AddOrder"] = answer
    with pytest.raises(error):
        kraken.submit(order)
    assert script.count("AddOrder") == 1


def test_a_read_may_be_judged_by_ccxt_where_the_table_says_nothing(kraken, script):
    script.answers["BalanceEx"] = {"error": ["EGeneral:Permission denied"]}
    with pytest.raises(AuthError):
        kraken.balances()
    for answer in ({"error": ["EService:Unavailable"]}, b"null"):
        script.answers["BalanceEx"] = answer
        with pytest.raises(Unavailable):
            kraken.balances()


def test_an_order_that_answers_for_another_is_unknown(kraken, script, order):
    text = "sell 1.25 XBTUSD @ limit 90.1"
    other = {"error": [], "result": OPENED["result"] | {"descr": {"order": text}}}
    script.answers["AddOrder"] = other
    with pytest.raises(OutcomeUnknown, match="side"):
        kraken.submit(order)


@pytest.mark.parametrize(
    "changes",
    [
        {"type": OrderType.STOP, "stop_price": Decimal(1), "price": None},
        {"time_in_force": TimeInForce.FOK},
        {"reduce_only": True},
        {"amount": None, "quote_amount": Decimal(5)},
    ],
)
def test_what_the_exchange_does_not_do_is_refused_before_anything_is_sent(
    kraken, script, order, changes
):
    import attrs

    with pytest.raises(InvalidOrder, match="does not support"):
        kraken.submit(attrs.evolve(order, **changes))
    assert script.count("AddOrder") == 0


def test_an_unknown_symbol_is_refused_with_a_suggestion(kraken):
    with pytest.raises(UnknownSymbol) as caught:
        kraken.ticker("BTC/USDX")
    assert "BTC/USD" in caught.value.remedy


def test_an_order_that_the_exchange_does_not_know_is_not_found(kraken, script):
    script.answers["QueryOrders"] = {"error": ["EOrder:Unknown order"]}
    script.answers["CancelOrder"] = {"error": ["EOrder:Unknown order"]}
    with pytest.raises(OrderNotFound):
        kraken.cancel("BTC/USD", "rt-1")


def test_balances_are_exact(kraken, script):
    held = {"XXBT": {"balance": "1.0000000001", "hold_trade": "0.1"}}
    script.answers["BalanceEx"] = {"error": [], "result": held}
    balance = kraken.balances()["BTC"]
    assert balance.total == Decimal("1.0000000001")


def test_signed_times_are_the_servers_though_this_clock_is_off(make, script, virtual, order):
    virtual.clock.skew = timedelta(minutes=10)
    exchange = make()
    script.answers["AddOrder"] = OPENED
    exchange.submit(order)
    body = dict(part.split("=") for part in script.asked[-1][1].body.decode().split("&"))
    true_ms = virtual.clock.true_now().timestamp() * 1000
    assert abs(int(body["nonce"]) - true_ms) < 2000
    exchange.close()


def test_an_environment_that_the_exchange_lacks_is_refused(make):
    with pytest.raises(ConfigurationError, match="no testnet environment"):
        make(environment=Environment.TESTNET).connect()


def test_closing_twice_and_coming_back(kraken, script):
    kraken.close()
    kraken.close()
    assert "BTC/USD" in kraken.instruments()
    assert script.count("AssetPairs") == 2


def test_nothing_is_kept_that_was_signed(kraken, script, order):
    script.answers["AddOrder"] = OPENED
    kraken.submit(order)
    signature = script.asked[-1][1].headers["API-Sign"]
    kept = {k: v for k, v in vars(kraken.client).items() if k not in {"secret", "apiKey"}}
    assert signature not in repr(kept)
    assert "key-of-kraken" not in repr(kraken) + repr(kraken.link) + repr(kraken.settings)
