"""Keys for commands that sign: from the environment, files or the keyring, never typed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from real_trade.model import Mode

__all__ = ["key_of"]


def key_of(name: str, mode: Mode, exchange: str = "binance") -> str:
    """Return a key of an exchange and mode; paper needs none, so none is read.

    Raises:
        ConfigurationError: the mode signs, and there is no key.
    """
    from real_trade.utils.config import user_folder
    from real_trade.utils.errors import ConfigurationError
    from real_trade.utils.secrets import find_secret

    if not mode.signs:
        return ""
    profile = f"{exchange}.{mode.value}"
    found = find_secret(name, environ=os.environ, folder=user_folder(), profile=profile)
    if not found.secret:
        raise ConfigurationError(
            f"{mode.value} signs its orders and needs a key: {name} is not set",
            remedy=f"export RT_{name.upper()}=..., or RT_{name.upper()}_FILE=path, or "
            f"real-trade secrets set {name} --profile {profile}",
        )
    return found.secret.reveal()
