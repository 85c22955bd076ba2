"""What a Binance key may do (GET /sapi/v1/account/apiRestrictions)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from real_trade.model import Market

__all__ = ["KeyPermissions"]


@attrs.frozen(kw_only=True)
class KeyPermissions:
    """A key's rights. A trading program needs reading and trading, and nothing else."""

    ip_restricted: bool
    reading: bool
    spot_trading: bool
    futures_trading: bool
    withdrawals: bool
    transfers: bool

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> KeyPermissions:
        """Return the rights that Binance's answer tells; what it leaves out is not granted."""

        def has(name: str) -> bool:
            return raw.get(name) is True

        return cls(
            ip_restricted=has("ipRestrict"),
            reading=has("enableReading"),
            spot_trading=has("enableSpotAndMarginTrading"),
            futures_trading=has("enableFutures"),
            withdrawals=has("enableWithdrawals"),
            transfers=has("enableInternalTransfer") or has("permitsUniversalTransfer"),
        )

    def faults(self, market: Market) -> list[str]:
        """Return why trading `market` with this key is not safe or not possible."""
        trades = self.spot_trading if market is Market.SPOT else self.futures_trading
        checks = (
            (self.withdrawals, "the key can withdraw: whoever has it can take everything"),
            (self.transfers, "the key can transfer funds"),
            (not self.reading, "the key cannot read the account"),
            (not trades, f"the key cannot trade on the {market.value} market"),
        )
        return [text for wrong, text in checks if wrong]

    def warnings(self) -> list[str]:
        """Return what should be better, and must be for real money."""
        if self.ip_restricted:
            return []
        return ["the key is not bound to an address: restrict it to yours"]
