"""Keys for commands that sign: from the environment or a file, never from the command line."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from real_trade.model import Mode

__all__ = ["key_of"]


def key_of(name: str, mode: Mode) -> str:
    """Return a key from the environment or a file; paper needs none, so none is read.

    Raises:
        ConfigurationError: the mode signs, and there is no key.
    """
    from real_trade.utils.errors import ConfigurationError
    from real_trade.utils.secrets import find_secret

    if not mode.signs:
        return ""
    found = find_secret(name, environ=os.environ).secret.reveal()
    if not found:
        raise ConfigurationError(
            f"{mode.value} signs its orders and needs a key: {name} is not set",
            remedy=f"export RT_{name.upper()}=..., or RT_{name.upper()}_FILE=path",
        )
    return found
