"""Kraken spot for real-trade. Cheap to import: ccxt comes with the first exchange opened."""

from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.plugins import ExchangeSpec, hookimpl

REAL_TRADE_API = (1, 0)


@hookimpl
def register_exchanges() -> list[ExchangeSpec]:
    """Offer Kraken."""
    return [ExchangeSpec(name="kraken", title="Kraken", open=open_exchange)]


def open_exchange(settings: ExchangeSettings) -> Exchange:
    """Return Kraken's exchange for one account; nothing is asked over the network yet."""
    from real_trade_kraken.exchange import KrakenExchange

    return KrakenExchange(settings)
