"""What a key may do, where an exchange tells it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from real_trade.model import Market

__all__ = ["KeyRights", "TellsKeyRights"]


class KeyRights(Protocol):
    """A key's rights, held against what a trading program needs: reading and trading."""

    def faults(self, market: Market) -> list[str]:
        """Return why trading `market` with the key is not safe, or not possible."""

    def warnings(self) -> list[str]:
        """Return what should be better, and must be for real money."""


@runtime_checkable
class TellsKeyRights(Protocol):
    """An exchange that tells what the key may do; the store asks before anything is sent."""

    def key_permissions(self) -> KeyRights | None:
        """Return the key's rights, None where the exchange does not tell them.

        Raises:
            ExchangeError: they could not be read.
        """
