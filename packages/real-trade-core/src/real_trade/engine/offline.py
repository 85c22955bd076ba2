"""An exchange for backtests that need none: one symbol, no network, fills by the paper venue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import attrs

from real_trade.common.fees import quote_fees
from real_trade.model import Instrument, Market, Timeframe
from real_trade.paper import FeeSchedule, GeneratedTape, PaperExchange
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError

__all__ = ["common_quote", "generated_bars", "offline_exchange", "offline_instrument", "quote_of"]

_TAPE_END = datetime(2026, 1, 1, tzinfo=UTC)
_FINE = Decimal("0.00000001")


def offline_exchange(
    bars: BarTable | Sequence[BarTable],
    cash: float,
    commission: float,
    listed: Sequence[Instrument] = (),
) -> PaperExchange:
    """Return a paper exchange for some symbols' bars; the fee is charged in quote, unrounded.

    Args:
        bars: what the backtest runs on.
        cash: starting cash in quote units.
        commission: fee as a ratio (0.001 is 0.1 %).
        listed: instruments with an exchange's own steps; the others round as little as they can.
            With any, fees are taken as exchanges do: from what is received, rounded.

    Raises:
        ConfigurationError: the symbols are not all priced in one asset.
    """
    tables = [bars] if isinstance(bars, BarTable) else list(bars)
    symbols = sorted({table.symbol for table in tables})
    known = {one.symbol: one for one in listed}
    instruments = [known.get(symbol) or offline_instrument(symbol) for symbol in symbols]
    rate = Decimal(repr(commission))
    fees = FeeSchedule(maker=rate, taker=rate) if listed else quote_fees(rate)
    balances = {common_quote(symbols): Decimal(repr(cash))}
    return PaperExchange(balances=balances, instruments=instruments, fees=fees)


def common_quote(symbols: Sequence[str]) -> str:
    """Return the asset that all symbols are priced in.

    Raises:
        ConfigurationError: there are several, or a symbol is not of the form BASE/QUOTE.
    """
    quotes = {quote_of(symbol) for symbol in symbols}
    if len(quotes) != 1:
        raise ConfigurationError(
            f"symbols priced in {' and '.join(sorted(quotes))} cannot share one account's cash",
            remedy="run one bot for each quote asset",
        )
    return quotes.pop()


def quote_of(symbol: str) -> str:
    """Return the quote asset of a unified symbol."""
    return offline_instrument(symbol).quote


def offline_instrument(symbol: str, market: Market = Market.SPOT) -> Instrument:
    """Return an instrument for `symbol` with the finest steps and no minima.

    A backtest on a file knows no exchange, so it rounds as little as it can; a run on an exchange
    uses that exchange's steps.

    Raises:
        ConfigurationError: `symbol` is not of the form BASE/QUOTE.
    """
    pair, _, settle = symbol.partition(":")
    base, slash, quote = pair.partition("/")
    if not (slash and base and quote):
        raise ConfigurationError(
            f"symbol {symbol!r} is not of the form BASE/QUOTE",
            remedy="for example: --symbol BTC/USDT",
        )
    return Instrument(
        symbol=symbol,
        native=f"{base}{quote}",
        base=base,
        quote=quote,
        settle=settle or quote,
        market=market,
        price_step=_FINE,
        amount_step=_FINE,
    )


def generated_bars(symbol: str, timeframe: Timeframe, count: int, seed: int) -> BarTable:
    """Return `count` bars of a generated market that end on 1 January 2026; same seed, same bars.

    Raises:
        ConfigurationError: `count` is not above zero.
    """
    if count < 1:
        raise ConfigurationError(f"--bars must be above zero, not {count}")
    tick = attrs.evolve(
        offline_instrument(symbol), price_step=Decimal("0.01"), amount_step=Decimal("0.00001")
    )
    until = timeframe.floor(_TAPE_END)
    since = timeframe.add(until, -count)
    tape = GeneratedTape(tick, seed, since)
    return BarTable.from_bars(symbol, timeframe, tape.bars(timeframe, since, until))
