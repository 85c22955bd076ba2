"""What the seed's users ask a store: an error is an error, never zero."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from real_trade.common.notices import Notices
from real_trade.exchange import Exchange, ExchangeError
from real_trade.model import Market

__all__ = ["AccountQuestions"]


class AccountQuestions(Notices, ABC):
    """Questions that go to the exchange at once, and so block: not for use in `next()`."""

    market: Market

    @property
    @abstractmethod
    def exchange(self) -> Exchange:
        """Return the exchange that is asked."""

    def test_connection(self) -> bool:
        """Return whether the exchange answers; the reason why not is in the store's
        notifications."""
        try:
            self.exchange.connect()
            self.exchange.server_time()
        except ExchangeError as error:
            self.put_notification(f"no connection: {error}")
            return False
        return True

    def get_balance(self, currency: str = "USDT") -> float:
        """Return what the account holds of `currency`, free and locked; zero only if it holds
        none."""
        held = self._connected().balances().get(currency)
        return 0.0 if held is None else float(held.total)

    def get_total_value(self, currency: str = "USDT") -> float:
        """Return the account's value in `currency`, each asset at its last price.

        Raises:
            ExchangeError: an asset has no price in `currency`, or the exchange does not answer.
        """
        exchange = self._connected()
        total = Decimal(0)
        for asset, held in exchange.balances().items():
            price = Decimal(1)
            if asset != currency:
                price = exchange.ticker(f"{asset}/{currency}").last
            total += held.total * price
        return float(total)

    def get_positions(self, symbols: Iterable[str] | None = None) -> list[dict[str, Any]]:
        """Return open positions; on spot the assets held, one row each."""
        exchange = self._connected()
        if self.market is not Market.SPOT:
            found = [(one.symbol, one.amount, one.entry_price) for one in exchange.positions()]
        else:
            found = [
                (f"{asset}/USDT", held.total, Decimal(0))
                for asset, held in exchange.balances().items()
                if asset != "USDT"
            ]
        wanted = None if symbols is None else set(symbols)
        return [
            {"symbol": symbol, "size": float(size), "price": float(price)}
            for symbol, size, price in found
            if wanted is None or symbol in wanted
        ]

    def get_open_orders(self, symbol: str | None = None) -> list[dict[str, Any]]:
        """Return the account's open orders, also those that are not ours."""
        return [
            {
                "client_order_id": report.client_order_id,
                "symbol": report.symbol,
                "side": None if report.side is None else report.side.value,
                "type": None if report.type is None else report.type.value,
                "amount": None if report.amount is None else float(report.amount),
                "price": None if report.price is None else float(report.price),
                "filled": float(report.filled),
                "state": report.state.value,
            }
            for report in self._connected().open_orders(symbol)
        ]

    def get_markets(self) -> dict[str, Any]:
        """Return all instruments by symbol."""
        return dict(self._connected().instruments())

    def get_ticker(self, symbol: str) -> dict[str, float]:
        """Return last price, bid and ask."""
        ticker = self._connected().ticker(symbol)
        return {"last": float(ticker.last), "bid": float(ticker.bid), "ask": float(ticker.ask)}

    def _connected(self) -> Exchange:
        self.exchange.connect()
        return self.exchange
