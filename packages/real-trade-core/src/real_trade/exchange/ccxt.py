"""What all exchanges on ccxt share. An exchange of one's own states its differences only::

class KrakenExchange(CcxtExchange):
    name = "kraken"
    ccxt_id = "kraken"
    client_order_id_parameter = "cl_ord_id"
    outcomes = OutcomeTable(codes={"EOrder:Insufficient funds": Verdict.FUNDS})

    def read_error(self, status, payload):
        errors = payload.get("error") if isinstance(payload, dict) else None
        return (errors[0], errors[0]) if errors else None
"""

from __future__ import annotations

import importlib
from datetime import datetime
from difflib import get_close_matches
from typing import Any, ClassVar

from real_trade.exchange import _ccxt_values as values
from real_trade.exchange._ccxt_link import CcxtLink
from real_trade.exchange._ccxt_session import CcxtSession
from real_trade.exchange._symbols import Symbols
from real_trade.exchange.base import Capabilities
from real_trade.exchange.errors import ConfigurationError, InvalidOrder, OutcomeUnknown
from real_trade.exchange.rate_budget import Priority
from real_trade.model import (
    Balance,
    Bar,
    Evidence,
    Fill,
    Instrument,
    Market,
    OrderIntent,
    OrderReport,
    OrderType,
    Position,
    Ticker,
    Timeframe,
    TimeInForce,
    to_ms,
)

__all__ = ["CcxtExchange", "CcxtLink", "Symbols", "describe"]

_TRIGGERS = {
    OrderType.STOP: "stopLossPrice",
    OrderType.STOP_LIMIT: "stopLossPrice",
    OrderType.TAKE_PROFIT: "takeProfitPrice",
    OrderType.TAKE_PROFIT_LIMIT: "takeProfitPrice",
}


class CcxtExchange(CcxtSession):
    """One account of one market of an exchange that ccxt knows.

    Attributes:
        name: as the plugin registers it.
        ccxt_id: ccxt's name of the exchange.
        capabilities: what the exchange does natively.
        outcomes: what its refusals mean. A refused write that is not listed counts as unknown.
        client_order_id_parameter: what ccxt calls our order id when looking up and canceling.
        ccxt_options: for ccxt's `options`, such as which markets to load.
        trusts_status: False where a refusal may come with HTTP status 200 in a form that
            `read_error` does not know; ccxt then looks at every reply.
    """

    capabilities: Capabilities = Capabilities()
    client_order_id_parameter: ClassVar[str] = "clientOrderId"

    def ticker(self, symbol: str) -> Ticker:
        """Return the last price and top of book."""
        symbol = self.resolve(symbol).symbol
        raw = self.link.call("fetch_ticker", symbol, signed=False)
        return self.read(lambda: values.ticker_from(raw, symbol, self.now()))

    def bars(
        self, symbol: str, timeframe: Timeframe, since: datetime | None, limit: int
    ) -> list[Bar]:
        """Return up to `limit` bars, oldest first; the newest ones without `since`."""
        symbol = self.resolve(symbol).symbol
        first = None if since is None else to_ms(since)
        rows = self.link.call(
            "fetch_ohlcv",
            symbol,
            timeframe.value,
            first,
            min(limit, self.capabilities.max_bars),
            signed=False,
            priority=Priority.HISTORY,
        )
        now = self.now()
        bars = self.read(lambda: [values.bar_from(row, symbol, timeframe, now) for row in rows])
        kept = [bar for bar in bars if since is None or bar.open_time >= since]
        return kept[:limit] if since is not None else kept[-limit:]

    def balances(self) -> dict[str, Balance]:
        """Return all assets that are not zero."""
        raw = self.signed("fetch_balance")
        return self.read(lambda: values.balances_from(raw))

    def positions(self) -> list[Position]:
        """Return open positions; always empty on spot."""
        if self.market is Market.SPOT:
            return []
        raw = self.signed("fetch_positions")
        found = self.read(lambda: [values.position_from(one) for one in raw])
        return [position for position in found if position.amount]

    def submit(self, intent: OrderIntent) -> OrderReport:
        """Send the order once and return the exchange's answer."""
        instrument = self.resolve(intent.symbol)
        arguments = self.order_arguments(intent, instrument)
        raw = self.signed("create_order", *arguments, write=True, priority=Priority.ORDER)
        report = self.report(raw, instrument.symbol, intent.client_order_id, write=True)
        self.check_echo(intent, report, instrument)
        return report

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Ask once for a cancel. OrderNotFound proves nothing: the order may have filled."""
        symbol = self.resolve(symbol).symbol
        raw = self.signed(
            "cancel_order",
            "",
            symbol,
            {self.client_order_id_parameter: client_order_id},
            write=True,
            priority=Priority.CANCEL,
        )
        raw = {**raw, "status": raw.get("status") or "canceling"}
        report = self.report(raw, symbol, client_order_id, write=True)
        self.check_subject(report, client_order_id, write=True)
        return report

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """Look one order up, with its state and cumulative fill."""
        symbol = self.resolve(symbol).symbol
        named = {self.client_order_id_parameter: client_order_id}
        raw = self.signed("fetch_order", "", symbol, named)
        report = self.report(raw, symbol, client_order_id, evidence=Evidence.LOOKUP)
        self.check_subject(report, client_order_id)
        return report

    def open_orders(self, symbol: str | None = None) -> list[OrderReport]:
        """Return all open orders of the account."""
        wanted = None if symbol is None else self.resolve(symbol).symbol
        raw = self.signed("fetch_open_orders", wanted)
        return [self.report(one, one["symbol"], "", evidence=Evidence.LOOKUP) for one in raw]

    def fills(self, symbol: str, since: datetime) -> list[Fill]:
        """Return the account's fills at or after `since`, oldest first."""
        symbol = self.resolve(symbol).symbol
        found: dict[str, Fill] = {}
        first = to_ms(since)
        while True:
            page = self._page_of_fills(symbol, first)
            fresh = {fill.trade_id: fill for fill in page if fill.trade_id not in found}
            if not fresh:
                break
            found |= fresh
            first = to_ms(max(fill.time for fill in page))
        return sorted((fill for fill in found.values() if fill.time >= since), key=_by_time)

    def check_subject(
        self, report: OrderReport, client_order_id: str, *, write: bool = False
    ) -> None:
        """Refuse an answer that speaks of another order than the one asked about."""
        if report.client_order_id != client_order_id:
            what = f"it speaks of order {report.client_order_id}, not {client_order_id}"
            raise self.link.unreadable(what, write=write)

    def _page_of_fills(self, symbol: str, first: int) -> list[Fill]:
        raw = self.signed("fetch_my_trades", symbol, first)
        return self.read(lambda: [values.fill_from(one) for one in raw])

    def order_arguments(self, intent: OrderIntent, instrument: Instrument) -> tuple[Any, ...]:
        """Return the arguments of ccxt's `create_order`; amounts and prices as exact text."""
        self.refuse_unsupported(intent)
        refuse_unrounded(intent, instrument)
        extra: dict[str, Any] = {"clientOrderId": intent.client_order_id}
        if intent.time_in_force is not TimeInForce.GTC:
            extra["timeInForce"] = intent.time_in_force.value
        if intent.post_only:
            extra["postOnly"] = True
        if intent.reduce_only:
            extra["reduceOnly"] = True
        if intent.quote_amount is not None:
            extra["cost"] = format(intent.quote_amount, "f")
        if intent.stop_price is not None:
            extra[_TRIGGERS[intent.type]] = format(intent.stop_price, "f")
        amount = None if intent.amount is None else format(intent.amount, "f")
        price = format(intent.price, "f") if intent.type.has_limit and intent.price else None
        kind = "limit" if intent.type.has_limit else "market"
        return instrument.symbol, kind, intent.side.value, amount, price, extra

    def refuse_unsupported(self, intent: OrderIntent) -> None:
        """Refuse what the exchange does not do by itself; nothing is made into something else.

        Raises:
            InvalidOrder: nothing was sent.
        """
        can = self.capabilities
        for wrong, what in (
            (intent.type not in can.order_types, f"{intent.type.value} orders"),
            (intent.time_in_force not in can.times_in_force, intent.time_in_force.value),
            (intent.post_only and not can.post_only, "post-only orders"),
            (intent.reduce_only and not can.reduce_only, "reduce-only orders"),
            (intent.quote_amount is not None and not can.quote_amount, "amounts in quote units"),
            ((intent.amount is None) == (intent.quote_amount is None), "other than one amount"),
        ):
            if wrong:
                where = f"{self.name} {self.market.value}"
                raise InvalidOrder(f"{where} does not support {what}; nothing was sent")

    def check_echo(self, intent: OrderIntent, report: OrderReport, instrument: Instrument) -> None:
        """Compare the answer to an order with the order.

        Raises:
            OutcomeUnknown: it speaks of another order, so nothing is known of this one.
        """
        pairs = {
            "client order id": (report.client_order_id, intent.client_order_id),
            "symbol": (report.symbol, instrument.symbol),
            "side": (report.side or intent.side, intent.side),
            "amount": (
                intent.amount if report.amount is None else report.amount,
                report.amount if intent.amount is None else intent.amount,
            ),
        }
        wrong = [f"{what} {got} for {sent}" for what, (got, sent) in pairs.items() if got != sent]
        if wrong:
            raise OutcomeUnknown(
                f"{self.name} answered for another order ({'; '.join(wrong)}): "
                f"whether {intent.client_order_id} was taken is unknown",
                remedy="look the order up; if this happens again, something between you and the "
                "exchange mixes replies up",
            )

    def report(
        self,
        raw: Any,
        symbol: str,
        client_order_id: str,
        *,
        write: bool = False,
        evidence: Evidence = Evidence.REPLY,
    ) -> OrderReport:
        """Return what ccxt's order structure `raw` says; the id is ours where it tells none."""
        report: OrderReport = self.link.parsed(
            lambda: values.report_from(raw, symbol, client_order_id, evidence, self.now()),
            write=write,
        )
        return report


def describe(ccxt_id: str) -> tuple[str, tuple[str, ...]]:
    """Return an exchange's title and those of our timeframes that it has, as ccxt knows them.

    Raises:
        ConfigurationError: ccxt is not installed, or knows no such exchange.
    """
    try:
        ccxt = importlib.import_module("ccxt")
    except ImportError as error:
        raise ConfigurationError(
            "this needs ccxt, which is not installed",
            remedy='pip install "real-trade-core[ccxt]"',
        ) from error
    if ccxt_id not in ccxt.exchanges:
        near = get_close_matches(ccxt_id, ccxt.exchanges, n=3)
        raise ConfigurationError(
            f"ccxt knows no exchange {ccxt_id!r}",
            remedy=f"did you mean {' or '.join(near)}?" if near else "see ccxt.exchanges",
        )
    client = getattr(ccxt, ccxt_id)()
    offered = set(client.timeframes or {})
    return str(client.name), tuple(one.value for one in Timeframe if one.value in offered)


def refuse_unrounded(intent: OrderIntent, instrument: Instrument) -> None:
    """Refuse what ccxt would cut to the step in silence.

    Raises:
        InvalidOrder: nothing was sent.
    """
    amount, price = intent.amount, intent.price
    if amount is not None and instrument.round_amount(amount) != amount:
        what = f"amount {amount} is not a multiple of {instrument.amount_step}"
    elif price is not None and instrument.round_price(price, intent.side) != price:
        what = f"price {price} is not a multiple of the tick {instrument.price_step}"
    else:
        return
    raise InvalidOrder(f"{instrument.symbol}: {what}; nothing was sent")


def _by_time(fill: Fill) -> tuple[datetime, str]:
    return fill.time, fill.trade_id
