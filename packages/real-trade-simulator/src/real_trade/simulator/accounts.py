"""Accounts and their keys. The keys of the default account are drawn from the seed."""

from __future__ import annotations

import hashlib
import string

from real_trade.simulator.settings import SimulatorSettings
from real_trade.simulator.signing import ApiKey

__all__ = ["DEFAULT_ACCOUNT", "Accounts"]

DEFAULT_ACCOUNT = "default"
_ALPHABET = string.ascii_letters + string.digits


class Accounts:
    """Every key there is, and whose it is."""

    def __init__(self, settings: SimulatorSettings) -> None:
        self.keys: dict[str, ApiKey] = {}
        self.names = (DEFAULT_ACCOUNT, *settings.accounts)
        for name in self.names:
            key, secret = settings.keys.get(name) or (
                _text(f"{settings.seed}:{name}:key"),
                _text(f"{settings.seed}:{name}:secret"),
            )
            self.add(ApiKey(key=key, secret=secret, account=name, created_ms=settings.start_ms))

    def add(self, key: ApiKey) -> None:
        """Add a key."""
        self.keys[key.key] = key

    def first_key(self, account: str = DEFAULT_ACCOUNT) -> ApiKey:
        """Return the oldest key of `account`."""
        return next(key for key in self.keys.values() if key.account == account)

    def user_id(self, account: str) -> int:
        """Return the account's number."""
        return 100_000_001 + self.names.index(account)


def _text(seed: str) -> str:
    """Return 64 letters and digits drawn from `seed`, as long as Binance's own keys."""
    number = int.from_bytes(hashlib.sha512(f"real-trade simulator:{seed}".encode()).digest(), "big")
    letters = []
    for _ in range(64):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)
