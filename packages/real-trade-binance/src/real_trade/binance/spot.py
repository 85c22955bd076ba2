"""Binance spot by REST."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from real_trade.binance import spot_orders
from real_trade.binance.exchange import WEIGHT, BinanceExchange, Functions, market_options
from real_trade.binance.market_stream import MarketStream
from real_trade.binance.signing import signed
from real_trade.binance.stream import BinanceStream
from real_trade.binance.user_stream import UserStream
from real_trade.exchange import Capabilities, ExchangeSettings, Sink, Subscription
from real_trade.exchange.outcomes import Verdict
from real_trade.exchange.rate_budget import Priority
from real_trade.model import (
    Balance,
    Channel,
    Evidence,
    Fill,
    Instrument,
    OrderIntent,
    OrderReport,
    OrderType,
    Ticker,
    Timeframe,
    TimeInForce,
    from_ms,
    to_ms,
)

__all__ = ["BinanceSpot"]

_DAY = timedelta(days=1)
_TRADES_PAGE = 1000


class BinanceSpot(BinanceExchange):
    """One spot account."""

    ccxt_id = "binance"
    ccxt_options: ClassVar[Mapping[str, Any]] = market_options("spot")
    budget_name = "binance spot"
    functions = Functions(
        exchange_info="publicGetExchangeInfo",
        exchange_info_weight=20,
        klines="publicGetKlines",
        klines_weight=2,
    )
    capabilities = Capabilities(
        order_types=frozenset(OrderType) - {OrderType.TRAILING_STOP_LIMIT},
        times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK}),
        timeframes=frozenset(Timeframe),
        channels=frozenset(Channel),
        post_only=True,
        quote_amount=True,
        oco=True,
        demo=True,
        max_bars=1000,
    )

    def __init__(self, settings: ExchangeSettings) -> None:
        super().__init__(settings)
        self._streams: list[BinanceStream] = []

    def ticker(self, symbol: str) -> Ticker:
        """Return the last price and top of book; an empty side of the book shows the last price."""
        instrument = self.resolve(symbol)
        raw = self.link.call(
            "publicGetTicker24hr",
            {"symbol": instrument.native},
            signed=False,
            costs={WEIGHT: 2},
        )
        return self.read(lambda: _ticker(raw, instrument.symbol))

    def balances(self) -> dict[str, Balance]:
        """Return all assets that are not zero."""
        raw = self.signed("privateGetAccount", {"omitZeroBalances": "true"}, costs={WEIGHT: 20})
        found = self.read(lambda: [_balance(one) for one in raw["balances"]])
        return {balance.asset: balance for balance in found if balance.total}

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Send the order once and return the exchange's answer, its first fills included."""
        instrument = self.resolve(intent.symbol)
        self.refuse_unsupported(intent)
        wanted = spot_orders.parameters(intent, instrument)
        raw = self.signed(
            "privatePostOrder",
            wanted,
            write=True,
            priority=Priority.ORDER,
            costs=self.order_costs,
        )
        report = self.spot_report(raw, instrument, Evidence.REPLY, write=True)
        self.check_echo(intent, report, instrument)
        return report

    def submit_oco(self, first: OrderIntent, second: OrderIntent) -> list[OrderReport]:
        """Send a pair of which one cancels the other, once; both are taken or none."""
        instrument = self.resolve(first.symbol)
        for intent in (first, second):
            self.refuse_unsupported(intent)
        wanted = spot_orders.oco_parameters(first, second, instrument)
        raw = self.signed(
            "privatePostOrderListOco",
            wanted,
            write=True,
            priority=Priority.ORDER,
            costs={name: 2 * cost for name, cost in self.order_costs.items()} | {WEIGHT: 1},
        )

        def reports() -> list[OrderReport]:
            return [
                spot_orders.report_of_list(
                    raw, intent.client_order_id, first.symbol, Evidence.REPLY
                )
                for intent in (first, second)
            ]

        found = self.link.parsed(reports, write=True)
        for intent, report in zip((first, second), found, strict=True):
            self.check_echo(intent, report, instrument)
        return found

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Ask once for a cancel. OrderNotFound proves nothing: the order may have filled."""
        instrument = self.resolve(symbol)
        raw = self.signed(
            "privateDeleteOrder",
            {"symbol": instrument.native, "origClientOrderId": client_order_id},
            write=True,
            priority=Priority.CANCEL,
            costs={WEIGHT: 1},
        )
        report = self._canceled(raw, client_order_id, instrument)
        self.check_subject(report, client_order_id, write=True)
        return report

    def _canceled(
        self, raw: Mapping[str, Any], client_order_id: str, instrument: Instrument
    ) -> OrderReport:
        if "orderReports" not in raw:
            return self.spot_report(raw, instrument, Evidence.REPLY, write=True)
        return self.link.parsed(
            lambda: spot_orders.report_of_list(
                raw, client_order_id, instrument.symbol, Evidence.REPLY
            ),
            write=True,
        )

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """Look one order up, with its state and cumulative fill."""
        instrument = self.resolve(symbol)
        raw = self.signed(
            "privateGetOrder",
            {"symbol": instrument.native, "origClientOrderId": client_order_id},
            costs={WEIGHT: 4},
        )
        report = self.spot_report(raw, instrument, Evidence.LOOKUP)
        self.check_subject(report, client_order_id)
        return report

    def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return all open orders of the account."""
        query = {} if symbol is None else {"symbol": self.resolve(symbol).native}
        costs = {WEIGHT: 6 if query else 80}
        raw = self.signed("privateGetOpenOrders", query, costs=costs)
        return self.read(
            lambda: [
                spot_orders.report_from(one, self.unified(one["symbol"]), Evidence.LOOKUP)
                for one in raw
            ]
        )

    def fills(self, symbol: str, since: datetime) -> list[Fill]:
        """Return the account's fills at or after `since`, oldest first.

        Binance searches at most a day by time; from the first fill found, pages follow by id.
        """
        instrument = self.resolve(symbol)
        return [fill for fill in self._fills(instrument, since) if fill.time >= since]

    def _fills(self, instrument: Instrument, since: datetime) -> Iterator[Fill]:
        page: list[Fill] = []
        start, now = since, self.now()
        while not page and start <= now:
            end = start + _DAY
            times = {"startTime": to_ms(start), "endTime": min(to_ms(end) - 1, to_ms(now) + 1000)}
            page = self._page_of_trades(instrument, times)
            start = end
        whole = False
        while page and not whole:
            yield from page
            page = self._page_of_trades(instrument, {"fromId": int(page[-1].trade_id) + 1})
            whole = len(page) < _TRADES_PAGE
        yield from page

    def _page_of_trades(self, instrument: Instrument, where: Mapping[str, int]) -> list[Fill]:
        query = {"symbol": instrument.native, "limit": _TRADES_PAGE, **where}
        raw = self.signed("privateGetMyTrades", query, costs={WEIGHT: 20})
        return self.read(lambda: [spot_orders.fill_from(one, instrument.symbol) for one in raw])

    def stream(self, subscriptions: Sequence[Subscription], sink: Sink) -> BinanceStream:
        """Start streaming into `sink` and return at once.

        Raises:
            AuthError: the account is asked for without a key.
        """
        if any(one.channel is Channel.ACCOUNT for one in subscriptions):
            self.need_key()
        runtime = self.settings.runtime
        connector = self.connector()
        market = MarketStream(
            runtime,
            connector,
            f"{self.endpoints.streams}/stream",
            sink,
            now=self.now,
            resolve=self.resolve,
        )
        user = UserStream(
            runtime,
            connector,
            sink,
            address=self._user_address,
            sign=self._subscription,
            now=self.now,
            symbol=self.unified,
            refused=self._refused,
        )
        stream = BinanceStream(market, user)
        self._streams.append(stream)
        stream.add(subscriptions)
        return stream

    def close(self) -> None:
        """Release connections, those of streams too; safe to call again."""
        for stream in self._streams:
            stream.close()
        self._streams.clear()
        super().close()

    def _user_address(self) -> str:
        link = self.link
        if not link.clock.is_fresh:
            link.measure_clock()
        return self.endpoints.api

    def _subscription(self) -> Mapping[str, Any]:
        return signed(self.client, {"timestamp": to_ms(self.now()), "recvWindow": 5000})

    def _refused(self, code: int) -> None:
        if self.outcomes.codes.get(code) is Verdict.CLOCK:
            self.link.clock.forget()

    def unified(self, native: str) -> str:
        """Return the unified name of `native`; itself for a symbol that is new to us."""
        try:
            return self.symbols.by_native(native).symbol
        except KeyError:
            return native

    def spot_report(
        self, raw: Any, instrument: Instrument, evidence: Evidence, *, write: bool = False
    ) -> OrderReport:
        """Return the report in a reply that must speak of `instrument`."""

        def read() -> OrderReport:
            if raw["symbol"] != instrument.native:
                raise ValueError(f"symbol {raw['symbol']} for {instrument.native}")
            return spot_orders.report_from(raw, instrument.symbol, evidence)

        return self.link.parsed(read, write=write)


def _ticker(raw: Mapping[str, Any], symbol: str) -> Ticker:
    last = Decimal(raw["lastPrice"])
    return Ticker(
        symbol=symbol,
        last=last,
        bid=Decimal(raw["bidPrice"]) or last,
        ask=Decimal(raw["askPrice"]) or last,
        time=from_ms(int(raw["closeTime"])),
    )


def _balance(raw: Mapping[str, Any]) -> Balance:
    return Balance(asset=raw["asset"], free=raw["free"], locked=raw["locked"])
