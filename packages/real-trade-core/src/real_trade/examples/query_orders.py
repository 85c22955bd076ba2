"""The open orders of an account at the exchange, those of others too; nothing is changed.

RT_APIKEY=... RT_SECRET=... python -m real_trade.examples.query_orders
"""

from __future__ import annotations

import os
from typing import Any

from real_trade.common import BaseStore
from real_trade.examples._script import script
from real_trade.model import Mode
from real_trade.utils.secrets import find_secret

__all__ = ["main"]


def main(
    symbol: str | None = None, exchange: str = "binance", endpoint: str = ""
) -> list[dict[str, Any]]:
    """Print the open orders of the testnet account, of one symbol or of all, and return them."""
    store = BaseStore(
        apikey=find_secret("apikey", environ=os.environ).secret.reveal(),
        secret=find_secret("secret", environ=os.environ).secret.reveal(),
        exchange_name=exchange,
        mode=Mode.TESTNET,
        endpoint=endpoint or os.environ.get("RT_ENDPOINT", ""),
        db_url=None,
    )
    try:
        orders = store.get_open_orders(symbol)
    finally:
        store.stop()
    for one in orders:
        print(
            f"{one['client_order_id']:36} {one['symbol']:12} {one['side']:4} {one['type']:10} "
            f"{one['filled']}/{one['amount']} at {one['price']} {one['state']}"
        )
    print(f"{len(orders)} open orders")
    return orders


if __name__ == "__main__":
    script(main)
