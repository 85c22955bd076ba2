"""The gate before real money."""

from __future__ import annotations

from real_trade.utils.errors import ConfigurationError

__all__ = ["refuse_live"]


def refuse_live() -> None:
    """Refuse a live run: its safeguards are not all there in this version.

    Raises:
        ConfigurationError: always; it says which safeguards are missing.
    """
    raise ConfigurationError(
        "live is refused in this version: enforced risk limits, the doctor's checks and the typed "
        "confirmation that it needs are not there yet",
        remedy="use --mode paper, or --mode testnet with the exchange's demo keys",
    )
