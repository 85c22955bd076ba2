"""Client order ids: unique for ever, and telling whose they are."""

from __future__ import annotations

import itertools
import re

from real_trade.utils.errors import ConfigurationError

__all__ = ["ClientOrderIds", "base36"]

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# The alphabet that all of Binance's markets take; with epoch and counter it stays below 36.
_BOT = re.compile(r"[A-Za-z0-9_]{1,16}")


def base36(number: int) -> str:
    """Return a number, not negative, in digits 0-9a-z."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


class ClientOrderIds:
    """Ids `rt-<bot>-<epoch>-<counter>`: an epoch is one opening of the journal.

    Raises:
        ConfigurationError: the bot's name does not fit into an id.
    """

    def __init__(self, bot: str, epoch: int) -> None:
        if not _BOT.fullmatch(bot):
            raise ConfigurationError(
                f"bot name {bot!r} does not fit into a client order id",
                remedy="use 1 to 16 letters, digits or underscores",
            )
        self._prefix = f"rt-{bot}-"
        self._epoch = base36(epoch)
        self._counter = itertools.count(1)

    def next(self) -> str:
        """Return the next id."""
        return f"{self._prefix}{self._epoch}-{base36(next(self._counter))}"

    def is_own(self, client_order_id: str) -> bool:
        """Return whether this bot made the id, now or in an earlier epoch."""
        return client_order_id.startswith(self._prefix)
