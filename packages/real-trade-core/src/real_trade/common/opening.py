"""How a store comes by its exchange: on paper where nothing may be signed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from real_trade.common.fees import quote_fees
from real_trade.exchange import Environment, Exchange, ExchangeSettings
from real_trade.model import Mode
from real_trade.orders import DeskSettings, Unprotected
from real_trade.paper import BarModel, FeeSchedule, PaperExchange
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["desk_settings", "instance_key", "paper_on", "settings_of"]

_CASH, _QUOTE, _FEE = 10000.0, "USDT", 0.001


def settings_of(store: BaseStore) -> ExchangeSettings:
    """Return what the store's exchange is opened with; without keys unless the mode signs."""
    demo = store.mode is Mode.TESTNET
    return ExchangeSettings(
        runtime=store.runtime,
        market=store.market,
        environment=Environment.DEMO if demo else Environment.LIVE,
        apikey=store.apikey,
        secret=store.secret,
        endpoint=store.endpoint,
        proxy=store.proxy or "",
    )


def paper_on(store: BaseStore, source: Exchange) -> PaperExchange:
    """Return a paper exchange on the market data of `source`, with the broker's cash and fee."""
    cash, quote, rate = _CASH, _QUOTE, _FEE
    if store.broker is not None:
        params = store.broker.p
        cash, quote, rate = float(params.cash), params.base_currency, float(params.commission)
    fee = Decimal(repr(rate))
    history = store.mode is Mode.BACKTEST
    return PaperExchange(
        balances={quote: Decimal(repr(cash))},
        source=source,
        clock=store.runtime.clock,
        bars=BarModel() if history else None,
        prices=store.paper_prices,
        fees=quote_fees(fee) if history else FeeSchedule(maker=fee, taker=fee),
    )


def desk_settings(store: BaseStore) -> DeskSettings:
    """Return how patient the store's desk is; in a backtest nothing comes later by itself.

    Raises:
        ConfigurationError: the broker's `unprotected` is neither flatten nor alert.
    """
    asked = "flatten" if store.broker is None else store.broker.p.unprotected
    known = [one.value for one in Unprotected]
    if asked not in known:
        raise ConfigurationError(
            f"unprotected={asked!r} is unknown", remedy=f"use one of {', '.join(known)}"
        )
    wait_s = 0.0 if store.mode is Mode.BACKTEST else DeskSettings().cover_after_s
    return DeskSettings(cover_after_s=wait_s, on_unprotected=Unprotected(asked))


def instance_key(kind: type[BaseStore], options: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what tells one store from another: account, market, mode and endpoint."""
    exchange = options.get("exchange")
    return (
        kind,
        options.get("exchange_name", kind.exchange_name),
        Secret(options.get("apikey", "")).fingerprint,
        options.get("testnet", True),
        options.get("market_type", "spot"),
        options.get("mode") or Mode.PAPER,
        options.get("endpoint", ""),
        options.get("proxy"),
        None if exchange is None else id(exchange),
    )
