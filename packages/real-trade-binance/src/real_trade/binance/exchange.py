"""Binance on ccxt: what its three markets share. Times, limits, markets, bars, permissions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import attrs
import orjson

from real_trade.binance.endpoints import Endpoints, endpoints_of
from real_trade.binance.instruments import with_filters
from real_trade.binance.outcomes import OUTCOMES
from real_trade.binance.permissions import KeyPermissions
from real_trade.exchange import Environment, ExchangeSettings
from real_trade.exchange.ccxt import CcxtExchange, CcxtLink, Symbols
from real_trade.exchange.rate_budget import Priority, Window
from real_trade.model import Bar, Instrument, Timeframe, from_ms, to_ms

__all__ = ["WEIGHT", "BinanceExchange", "Functions", "market_options"]

WEIGHT = "REQUEST_WEIGHT"
_INTERVALS = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86400}
_WEIGHT_HEADER = "x-mbx-used-weight-1m"
_ORDERS_HEADER = "x-mbx-order-count-"


@attrs.frozen(kw_only=True)
class Functions:
    """ccxt's names of one market's endpoints."""

    exchange_info: str
    klines: str
    klines_weight: int
    exchange_info_weight: int


class BinanceExchange(CcxtExchange):
    """What spot, USDⓈ-M and COIN-M have in common."""

    name = "binance"
    trusts_status = True
    functions: ClassVar[Functions]
    budget_name: ClassVar[str]
    pages_need_end: ClassVar[bool] = False  # COIN-M answers with the newest bars before the end

    def __init__(self, settings: ExchangeSettings) -> None:
        super().__init__(settings)
        self.outcomes = OUTCOMES[settings.market]
        self.endpoints: Endpoints = endpoints_of(
            settings.market, settings.environment, settings.endpoint
        )
        self._order_windows: dict[str, str] = {}

    # Differences from other exchanges on ccxt.

    def read_json(self, body: bytes) -> Any:
        """Return what `body` says; Binance writes every exact number as text."""
        return orjson.loads(body)

    def read_error(self, status: int, payload: Any) -> tuple[int | str, str] | None:
        """Return code and message of a refusal; with status 200 there is none."""
        if status < 300 or not isinstance(payload, dict):
            return None
        code = payload.get("code", 0)
        return (code if isinstance(code, int) else 0), str(payload.get("msg", ""))

    def note_headers(self, headers: Mapping[str, str]) -> None:
        """Take Binance's own count of what is used up."""
        used = headers.get(_WEIGHT_HEADER, "")
        if used.isdigit():
            self.budget.observe(WEIGHT, int(used))
        for suffix, window in self._order_windows.items():
            count = headers.get(_ORDERS_HEADER + suffix, "")
            if count.isdigit():
                self.budget.observe(window, int(count))

    def budget_key(self) -> str:
        """Return where limits are shared: USDⓈ-M and COIN-M have one budget."""
        settings = self.settings
        return f"{self.budget_name} {settings.endpoint or settings.environment.value}"

    def instrument(self, raw: Mapping[str, Any]) -> Instrument:
        """Return the instrument with Binance's own filters."""
        return with_filters(super().instrument(raw), raw["info"])

    def load(self, link: CcxtLink) -> Symbols:
        """Load markets and limits by the one call that tells both."""
        info = link.call(
            self.functions.exchange_info,
            signed=False,
            costs={WEIGHT: self.functions.exchange_info_weight},
            deadline_s=20.0,
        )
        return link.parsed(lambda: self._learn(link, info))

    def _learn(self, link: CcxtLink, info: Mapping[str, Any]) -> Symbols:
        for limit in info["rateLimits"]:
            self._learn_limit(link, limit)
        client = link.client
        client.options |= {"crossMarginPairsData": [], "isolatedMarginPairsData": []}
        raw = client.set_markets(client.parse_markets(info["symbols"]))
        return self.symbols_from(raw)

    def _learn_limit(self, link: CcxtLink, limit: Mapping[str, Any]) -> None:
        seconds = _INTERVALS[limit["interval"]] * int(limit["intervalNum"])
        window = Window(limit=int(limit["limit"]), seconds=seconds)
        if limit["rateLimitType"] == WEIGHT and seconds == 60:
            link.budget.limit(WEIGHT, window)
        elif limit["rateLimitType"] == "ORDERS":
            # Orders are counted by account, weight by address.
            suffix = f"{limit['intervalNum']}{limit['interval'][0].lower()}"
            name = f"ORDERS {suffix} of key {self.settings.apikey.fingerprint}"
            self._order_windows[suffix] = name
            link.budget.limit(name, window)

    @property
    def order_costs(self) -> dict[str, int]:
        """Return what one order takes from the budget."""
        return {WEIGHT: 1} | dict.fromkeys(self._order_windows.values(), 1)

    # What all three markets do alike.

    def bars(
        self, symbol: str, timeframe: Timeframe, since: datetime | None, limit: int
    ) -> list[Bar]:
        """Return up to `limit` bars, oldest first, in as many pages as it takes."""
        instrument = self.resolve(symbol)
        if since is None:
            return self._newest_bars(instrument, timeframe, limit)
        found: list[Bar] = []
        start = since
        while len(found) < limit:
            size = min(limit - len(found), self.capabilities.max_bars)
            end = timeframe.add(timeframe.floor(start), size + 1) if self.pages_need_end else None
            page = self._page(instrument, timeframe, start, end, size)
            found += page
            if len(page) < size:
                break
            start = page[-1].end_time
        return found

    def _newest_bars(self, instrument: Instrument, timeframe: Timeframe, limit: int) -> list[Bar]:
        found: list[Bar] = []
        end: datetime | None = None
        while len(found) < limit:
            size = min(limit - len(found), self.capabilities.max_bars)
            page = self._page(instrument, timeframe, None, end, size)
            found = page + found
            if len(page) < size:
                break
            end = page[0].open_time
        return found

    def _page(
        self,
        instrument: Instrument,
        timeframe: Timeframe,
        start: datetime | None,
        end: datetime | None,
        size: int,
    ) -> list[Bar]:
        """Return one page of bars that open at or after `start` and before `end`."""
        query: dict[str, Any] = {
            "symbol": instrument.native,
            "interval": timeframe.value,
            "limit": size,
        }
        if start is not None:
            query["startTime"] = to_ms(start)
        if end is not None:
            query["endTime"] = to_ms(end) - 1
        rows = self.link.call(
            self.functions.klines,
            query,
            signed=False,
            priority=Priority.HISTORY,
            costs={WEIGHT: self.functions.klines_weight},
        )
        now = self.now()
        return self.read(lambda: [_bar(row, instrument.symbol, timeframe, now) for row in rows])

    def key_permissions(self) -> KeyPermissions | None:
        """Return what the key may do; None where Binance does not tell (demo and testnet)."""
        if not self.settings.endpoint and self.settings.environment is not Environment.LIVE:
            return None
        raw = self.signed("sapiGetAccountApiRestrictions")
        return self.read(lambda: KeyPermissions.read(raw))


def market_options(kind: str) -> dict[str, Any]:
    """Return ccxt's options for one market: nothing loaded besides, our window on every call."""
    return {
        "fetchCurrencies": False,
        "fetchMargins": False,
        "fetchMarkets": {"types": [kind]},
        "recvWindow": 5000,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    }


def _bar(row: list[Any], symbol: str, timeframe: Timeframe, now: datetime) -> Bar:
    open_time = from_ms(row[0])
    return Bar(
        symbol=symbol,
        timeframe=timeframe,
        open_time=open_time,
        open=row[1],
        high=row[2],
        low=row[3],
        close=row[4],
        volume=row[5],
        closed=timeframe.add(open_time) <= now,
    )
