"""Which mode a run is in, from the seed's switches or by name."""

from __future__ import annotations

from difflib import get_close_matches

from real_trade.model import Mode
from real_trade.utils.errors import ConfigurationError

__all__ = ["choose_mode", "parse_mode"]


def choose_mode(*, backtest: bool, paper_trading: bool, testnet: bool) -> Mode:
    """Return the mode that the seed's three switches mean; the safest of those set wins."""
    if backtest:
        return Mode.BACKTEST
    if paper_trading:
        return Mode.PAPER
    return Mode.TESTNET if testnet else Mode.LIVE


def parse_mode(text: str) -> Mode:
    """Return the mode called `text`.

    Raises:
        ConfigurationError: there is none; the message suggests the nearest.
    """
    try:
        return Mode(text)
    except ValueError:
        known = [mode.value for mode in Mode]
        near = get_close_matches(text, known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigurationError(
            f"unknown mode {text!r}{hint} (known: {', '.join(known)})"
        ) from None
