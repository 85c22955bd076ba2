"""Kraken spot: what differs from other exchanges on ccxt. Facts: docs.kraken.com."""

from typing import Any

from real_trade.exchange import Capabilities, OrderNotFound
from real_trade.exchange.ccxt import CcxtExchange
from real_trade.exchange.outcomes import OutcomeTable, Verdict
from real_trade.exchange.rate_budget import Priority
from real_trade.model import Evidence, OrderReport, OrderState, Timeframe, TimeInForce


class KrakenExchange(CcxtExchange):
    """One spot account."""

    name = "kraken"
    ccxt_id = "kraken"
    capabilities = Capabilities(
        times_in_force=frozenset({TimeInForce.GTC, TimeInForce.IOC}),
        timeframes=frozenset(map(Timeframe, ("1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"))),
        post_only=True,
        max_bars=720,
        max_client_order_id=18,
    )
    outcomes = OutcomeTable(
        codes={
            "EAPI:Invalid key": Verdict.AUTH,
            "EAPI:Invalid signature": Verdict.AUTH,
            "EGeneral:Permission denied": Verdict.AUTH,
            "EAPI:Rate limit exceeded": Verdict.RATE_LIMITED,
            "EOrder:Rate limit exceeded": Verdict.RATE_LIMITED,
            "EOrder:Insufficient funds": Verdict.FUNDS,
            "EOrder:Order minimum not met": Verdict.INVALID,
            "EOrder:Cost minimum not met": Verdict.INVALID,
            "EOrder:Post only order": Verdict.REJECTED,
            "EOrder:Unknown order": Verdict.NOT_FOUND,
            "EGeneral:Invalid arguments:cl_ord_id not unique": Verdict.DUPLICATE,
        }
    )

    def read_error(self, status: int, payload: Any) -> tuple[int | str, str] | None:
        """Return the first of Kraken's errors; they come with HTTP 200."""
        errors = payload.get("error") if isinstance(payload, dict) else None
        return (errors[0], errors[0]) if errors else None

    def order(self, symbol: str, client_order_id: str) -> OrderReport:
        """Look one order up, among the open ones first, then among those that are over."""
        for function in ("fetch_open_orders", "fetch_closed_orders"):
            named = {"clientOrderId": client_order_id}
            for raw in self.signed(function, symbol, None, None, named):
                return self.report(raw, symbol, client_order_id, evidence=Evidence.LOOKUP)
        raise OrderNotFound(f"kraken does not know order {client_order_id}")

    def cancel(self, symbol: str, client_order_id: str) -> OrderReport:
        """Ask once for a cancel; the answer names no order and no state."""
        named = {"clientOrderId": client_order_id}
        self.signed("cancel_order", "", symbol, named, write=True, priority=Priority.CANCEL)
        told = {"client_order_id": client_order_id, "symbol": symbol, "time": self.now()}
        return OrderReport(state=OrderState.PENDING_CANCEL, **told)
