"""The seed's store: one Binance account of one market."""

from __future__ import annotations

import os
from typing import Any, ClassVar, Self

from real_trade.binance.broker import BinanceBroker
from real_trade.binance.datafeed import BinanceData
from real_trade.common import BaseStore
from real_trade.model import Mode
from real_trade.utils.secrets import Secret, find_secret

__all__ = ["BinanceStore"]


class BinanceStore(BaseStore):
    """One account of one market of Binance; see `BaseStore` for the arguments.

    Without a `mode`, a key makes it testnet (or live with `testnet=False`, which is refused while
    its safeguards are missing), and no key makes it paper. `RT_ENDPOINT`, `RT_APIKEY` and
    `RT_SECRET` stand in for arguments that are left out; the keys only in modes that sign.
    """

    exchange_name: ClassVar[str] = "binance"
    BrokerCls: ClassVar[Any] = BinanceBroker
    DataCls: ClassVar[Any] = BinanceData

    @classmethod
    def get_instance(
        cls,
        apikey: str = "",
        secret: str = "",
        testnet: bool = True,
        proxy: str | None = None,
        market_type: str = "spot",
        **options: Any,
    ) -> Self:
        """Return the store of this account and market, made at the first call; thread-safe."""
        completed = _completed(apikey, secret, testnet, options)
        found = super().get_instance(
            testnet=testnet, proxy=proxy, market_type=market_type, **completed
        )
        assert isinstance(found, cls)
        return found

    def __init__(
        self,
        apikey: str | Secret = "",
        secret: str | Secret = "",
        testnet: bool = True,
        proxy: str | None = None,
        market_type: str = "spot",
        **options: Any,
    ) -> None:
        completed = _completed(apikey, secret, testnet, options)
        super().__init__(testnet=testnet, proxy=proxy, market_type=market_type, **completed)


def _completed(
    apikey: str | Secret, secret: str | Secret, testnet: bool, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the options with mode, keys and endpoint."""
    mode = options.get("mode")
    if mode is None:
        signed = Mode.TESTNET if testnet else Mode.LIVE
        mode = signed if apikey else Mode.PAPER
    keys = {"apikey": apikey, "secret": secret}
    if mode.signs:
        keys = {name: given or _from_environment(name) for name, given in keys.items()}
    endpoint = options.get("endpoint") or os.environ.get("RT_ENDPOINT", "")
    return {**options, **keys, "mode": mode, "endpoint": endpoint}


def _from_environment(name: str) -> Secret:
    return find_secret(name, environ=os.environ).secret
