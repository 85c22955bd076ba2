"""The symbols that the simulator lists, with filters like those Binance shows for them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches

import attrs

from real_trade.model import Instrument, Market
from real_trade.utils.errors import ConfigurationError

__all__ = ["Listing", "known_symbols", "spot_listings"]


@attrs.frozen(kw_only=True)
class Listing:
    """One symbol and how its market behaves.

    Attributes:
        price: about what it costs when the simulator starts.
        daily_volatility: the standard deviation of a day's return.
        daily_volume: base units a day.
        daily_trades: trades a day.
    """

    instrument: Instrument
    price: Decimal
    daily_volatility: float
    daily_volume: Decimal
    daily_trades: int


# base, quote, price, tick, step, minimum notional, daily volatility, daily volume in base units
_SPOT = (
    ("BTC", "USDT", "98000", "0.01", "0.00001", "5", 0.024, "22000"),
    ("ETH", "USDT", "3400", "0.01", "0.0001", "5", 0.032, "380000"),
    ("BNB", "USDT", "890", "0.01", "0.001", "5", 0.028, "190000"),
    ("SOL", "USDT", "185", "0.01", "0.001", "5", 0.042, "3600000"),
    ("XRP", "USDT", "2.35", "0.0001", "0.1", "5", 0.04, "180000000"),
    ("ADA", "USDT", "0.62", "0.0001", "0.1", "5", 0.042, "120000000"),
    ("DOGE", "USDT", "0.19", "0.00001", "1", "1", 0.045, "900000000"),
    ("LTC", "USDT", "96", "0.01", "0.001", "5", 0.036, "420000"),
    ("AVAX", "USDT", "19.4", "0.01", "0.01", "5", 0.045, "3200000"),
    ("LINK", "USDT", "16.2", "0.01", "0.01", "5", 0.042, "3100000"),
    ("DOT", "USDT", "3.1", "0.001", "0.01", "5", 0.042, "7000000"),
    ("TRX", "USDT", "0.29", "0.0001", "0.1", "5", 0.02, "200000000"),
    ("UNI", "USDT", "6.9", "0.001", "0.01", "5", 0.046, "4100000"),
    ("ATOM", "USDT", "3.3", "0.001", "0.01", "5", 0.04, "4000000"),
    ("NEAR", "USDT", "2.6", "0.001", "0.1", "5", 0.048, "18000000"),
    ("BCH", "USDT", "510", "0.1", "0.001", "5", 0.036, "52000"),
    ("ETC", "USDT", "17.8", "0.01", "0.01", "5", 0.038, "1300000"),
    ("FIL", "USDT", "1.9", "0.001", "0.01", "5", 0.045, "11000000"),
    ("APT", "USDT", "3.4", "0.001", "0.01", "5", 0.046, "7000000"),
    ("SUI", "USDT", "2.1", "0.0001", "0.1", "5", 0.05, "70000000"),
    ("BTC", "USDC", "98000", "0.01", "0.00001", "5", 0.024, "4000"),
    ("ETH", "BTC", "0.0347", "0.00001", "0.0001", "0.0001", 0.018, "26000"),
    ("BNB", "BTC", "0.00908", "0.000001", "0.001", "0.0001", 0.018, "21000"),
)
_TRADES = 230_000
_FACTOR = Decimal(5)


def known_symbols() -> tuple[str, ...]:
    """Return the native names of all symbols there are."""
    return tuple(row[0] + row[1] for row in _SPOT)


def spot_listings(natives: Iterable[str]) -> list[Listing]:
    """Return the listings of `natives`, in that order.

    Raises:
        ConfigurationError: one is not known; the message says which are.
    """
    rows = {row[0] + row[1]: row for row in _SPOT}
    found = []
    for native in natives:
        name = native.strip().upper().replace("/", "")
        if name not in rows:
            near = get_close_matches(name, rows, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigurationError(
                f"the simulator has no symbol {native!r}{hint}",
                remedy=f"choose from {', '.join(rows)}",
            )
        found.append(_listing(*rows[name]))
    return found


def _listing(
    base: str,
    quote: str,
    price: str,
    tick: str,
    step: str,
    notional: str,
    volatility: float,
    volume: str,
) -> Listing:
    near = Decimal(price)
    largest = Decimal(volume) / 20
    instrument = Instrument(
        symbol=f"{base}/{quote}",
        native=base + quote,
        base=base,
        quote=quote,
        settle=quote,
        market=Market.SPOT,
        price_step=Decimal(tick),
        amount_step=Decimal(step),
        min_price=Decimal(tick),
        max_price=Decimal(10) ** (near.adjusted() + 3),
        min_amount=Decimal(step),
        max_amount=largest.quantize(Decimal(step)),
        max_market_amount=(largest / 10).quantize(Decimal(step)),
        min_notional=Decimal(notional),
        max_notional=Decimal(9_000_000),
        price_up=_FACTOR,
        price_down=1 / _FACTOR,
        maker_fee=Decimal("0.001"),
        taker_fee=Decimal("0.001"),
    )
    return Listing(
        instrument=instrument,
        price=near,
        daily_volatility=volatility,
        daily_volume=Decimal(volume),
        daily_trades=_TRADES,
    )
