"""A double of Kraken spot: its REST, as far as the plugin uses it, over core's paper exchange."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

from real_trade.exchange import (
    Capabilities,
    DuplicateOrder,
    InsufficientFunds,
    OrderNotFound,
    Rejected,
)
from real_trade.exchange.transport import HttpReply, HttpRequest
from real_trade.model import (
    Bar,
    Instrument,
    OrderIntent,
    OrderReport,
    OrderState,
    OrderType,
    Side,
    Ticker,
    Timeframe,
    TimeInForce,
    from_ms,
)
from real_trade.paper import FeeAsset, FeeSchedule, PaperExchange

KEY, SECRET = "kraken-double-key", "a3Jha2VuLWRvdWJsZS1zZWNyZXQ="
PAIR, SYMBOL, PRICE = "XBTUSDT", "BTC/USDT", Decimal(60000)
FEE = Decimal("0.001")
INSTRUMENT = Instrument(
    symbol=SYMBOL,
    native=PAIR,
    base="BTC",
    quote="USDT",
    settle="USDT",
    price_step="0.1",
    amount_step="0.00000001",
    min_amount="0.0001",
    min_notional=5,
)
ERRORS = {
    InsufficientFunds: "EOrder:Insufficient funds",
    DuplicateOrder: "EGeneral:Invalid arguments:cl_ord_id not unique",
    OrderNotFound: "EOrder:Unknown order",
}
STATUS = {
    OrderState.ACCEPTED: "open",
    OrderState.PARTIALLY_FILLED: "open",
    OrderState.FILLED: "closed",
    OrderState.CANCELED: "canceled",
    OrderState.EXPIRED: "expired",
}


class Market:
    """A market that stands still: one price, bars of it for ever."""

    name = "kraken"
    capabilities = Capabilities(timeframes=frozenset(Timeframe))

    def __init__(self, clock):
        self.clock = clock

    def connect(self):
        """Nothing is behind it."""

    close = connect

    def instruments(self):
        return {SYMBOL: INSTRUMENT}

    def ticker(self, symbol):
        return Ticker(
            symbol=symbol,
            last=PRICE,
            bid=PRICE - 1,
            ask=PRICE + 1,
            time=self.clock.now(),
        )

    def bars(self, symbol, timeframe, since, limit):
        first = since or timeframe.add(timeframe.floor(self.clock.now()), 1 - limit)
        opens = [timeframe.add(first, number) for number in range(limit)]
        prices = {"open": PRICE, "high": PRICE + 5, "low": PRICE - 5, "close": PRICE, "volume": 1}
        return [
            Bar(symbol=symbol, timeframe=timeframe, open_time=time, closed=False, **prices)
            for time in opens
            if time <= self.clock.now()
        ]


class KrakenDouble:
    """A `Transport` that answers as Kraken does."""

    def __init__(self, clock):
        self.clock = clock
        self.market = Market(clock)
        balances = {"USDT": Decimal(10000), "BTC": Decimal(1)}
        fees = FeeSchedule(maker=FEE, taker=FEE, asset=FeeAsset.QUOTE)
        self.paper = PaperExchange(balances=balances, source=self.market, clock=clock, fees=fees)
        self.paper.connect()
        self.ids = {}  # Kraken's order id by ours
        self.nonce = 0

    def close(self):
        """Nothing is kept open."""

    def send(self, request: HttpRequest) -> HttpReply:
        url = urlsplit(request.url)
        asked = parse_qs(url.query or request.body.decode())
        asked = {name: values[0] for name, values in asked.items()}
        try:
            if "/private/" in url.path:
                self._check_key(request, asked)
            result = getattr(self, url.path.rpartition("/")[2])(asked)
            answer = {"error": [], "result": result}
        except Rejected as refused:
            answer = {"error": [ERRORS.get(type(refused), str(refused))]}
        return HttpReply(status=200, body=json.dumps(answer, default=str).encode())

    def _check_key(self, request, asked):
        if request.headers["API-Key"] != KEY:
            raise Rejected("EAPI:Invalid key")
        if int(asked["nonce"]) <= self.nonce:
            raise Rejected("EAPI:Invalid nonce")
        self.nonce = int(asked["nonce"])

    # Public

    def Time(self, asked):
        return {"unixtime": int(self.clock.now().timestamp())}

    def AssetPairs(self, asked):
        return {
            PAIR: {
                "altname": PAIR,
                "wsname": "XBT/USDT",
                "base": "XXBT",
                "quote": "USDT",
                "pair_decimals": 1,
                "lot_decimals": 8,
                "fees": [[0, 0.1]],
                "fees_maker": [[0, 0.1]],
                "ordermin": "0.0001",
                "costmin": "5",
                "status": "online",
            }
        }

    def Ticker(self, asked):
        ticker = self.market.ticker(SYMBOL)
        return {
            PAIR: {
                "a": [ticker.ask, "1", "1"],
                "b": [ticker.bid, "1", "1"],
                "c": [ticker.last, "1"],
                "v": ["1", "1"],
                "p": [ticker.last, ticker.last],
                "h": [ticker.last, ticker.last],
                "l": [ticker.last, ticker.last],
                "o": ticker.last,
            }
        }

    def OHLC(self, asked):
        timeframe = next(one for one in Timeframe if one.seconds == 60 * int(asked["interval"]))
        since = asked.get("since")
        start = None if since is None else timeframe.add(from_ms(int(since) * 1000))
        bars = self.market.bars(SYMBOL, timeframe, start, 720)
        rows = [
            [
                int(bar.open_time.timestamp()),
                *(str(price) for price in (bar.open, bar.high, bar.low, bar.close)),
                str(bar.close),
                str(bar.volume),
                1,
            ]
            for bar in bars
        ]
        return {PAIR: rows, "last": rows[-1][0] if rows else 0}

    # Private

    def BalanceEx(self, asked):
        names = {"BTC": "XXBT"}
        return {
            names.get(asset, asset): {"balance": one.total, "hold_trade": one.locked}
            for asset, one in self.paper.balances().items()
        }

    def AddOrder(self, asked):
        kind = OrderType(asked["ordertype"])
        if len(asked["cl_ord_id"]) > 18:
            raise Rejected("EGeneral:Invalid arguments:cl_ord_id")
        intent = OrderIntent(
            client_order_id=asked["cl_ord_id"],
            symbol=SYMBOL,
            side=Side(asked["type"]),
            type=kind,
            amount=asked["volume"],
            price=asked.get("price"),
            time_in_force=TimeInForce(asked.get("timeinforce", "GTC")),
            post_only="post" in asked.get("oflags", ""),
            created_at=self.clock.now(),
        )
        least = INSTRUMENT.fault(intent.amount, intent.price or PRICE)
        if least:
            raise Rejected("EOrder:Order minimum not met")
        try:
            self.paper.submit(intent)
        except Rejected as refused:
            if intent.post_only:
                raise Rejected("EOrder:Post only order") from refused
            raise
        txid = f"ODOUBL-{len(self.ids):05}-KRAKEN"
        self.ids[intent.client_order_id] = txid
        text = f"{asked['type']} {asked['volume']} {PAIR} @ {kind.value} {intent.price or ''}"
        return {"descr": {"order": text.strip()}, "txid": [txid]}

    def CancelOrder(self, asked):
        self.paper.cancel(SYMBOL, asked["cl_ord_id"])
        return {"count": 1}

    def OpenOrders(self, asked):
        return {"open": self._orders(asked, is_open=True)}

    def ClosedOrders(self, asked):
        found = self._orders(asked, is_open=False)
        return {"closed": found, "count": len(found)}

    def TradesHistory(self, asked):
        start = float(asked.get("start", 0))
        by_native = {self._native(one): self.ids[one] for one in self.ids}
        trades = {
            f"TDOUBL-{fill.trade_id}": {
                "ordertxid": by_native[fill.exchange_order_id],
                "pair": PAIR,
                "time": fill.time.timestamp(),
                "type": fill.side.value,
                "ordertype": "limit",
                "price": fill.price,
                "cost": fill.price * fill.amount,
                "fee": fill.fee,
                "vol": fill.amount,
                "maker": fill.is_maker,
            }
            for fill in self.paper.fills(SYMBOL, from_ms(0))
            if fill.time.timestamp() >= start
        }
        return {"trades": trades, "count": len(trades)}

    def _native(self, client_order_id):
        return self.paper.order(SYMBOL, client_order_id).exchange_order_id

    def _orders(self, asked, *, is_open):
        wanted = asked.get("cl_ord_id")
        reports = {
            txid: self.paper.order(SYMBOL, own)
            for own, txid in self.ids.items()
            if wanted in {None, own}
        }
        return {
            txid: _order(report)
            for txid, report in reports.items()
            if (STATUS[report.state] == "open") is is_open
        }


def _order(report: OrderReport):
    return {
        "cl_ord_id": report.client_order_id,
        "status": STATUS[report.state],
        "opentm": report.time.timestamp(),
        "descr": {
            "pair": PAIR,
            "type": report.side.value,
            "ordertype": report.type.value,
            "price": report.price or "0",
            "price2": "0",
        },
        "vol": report.amount,
        "vol_exec": report.filled,
        "price": report.average_price or "0.00000",
        "oflags": "fciq",
    }
