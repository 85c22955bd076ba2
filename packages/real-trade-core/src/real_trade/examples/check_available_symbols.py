"""What an exchange lists, with the steps and minima that orders must keep to.

python -m real_trade.examples.check_available_symbols
"""

from __future__ import annotations

import os

from real_trade.common import BaseStore
from real_trade.examples._script import script
from real_trade.model import Instrument, Mode

__all__ = ["main"]


def main(quote: str = "USDT", exchange: str = "binance", endpoint: str = "") -> list[Instrument]:
    """Print the symbols that trade in `quote`, and return them by name; no key is needed."""
    address = endpoint or os.environ.get("RT_ENDPOINT", "")
    store = BaseStore(exchange_name=exchange, mode=Mode.PAPER, endpoint=address)
    try:
        listed = store.get_markets().values()
    finally:
        store.stop()
    found = sorted(
        (one for one in listed if one.quote == quote and one.active), key=lambda one: one.symbol
    )
    print(f"{'symbol':16} {'price step':>12} {'amount step':>12} {'at least':>10}")
    for one in found:
        steps = (one.price_step.normalize(), one.amount_step.normalize())
        print(f"{one.symbol:16} {steps[0]:>12f} {steps[1]:>12f} {one.min_notional:>10.2f} {quote}")
    return found


if __name__ == "__main__":
    script(main)
