"""Refuses a key that may do more than trade, before anything is signed with it in earnest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from real_trade.exchange import AuthError, ExchangeError, TellsKeyRights

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore

__all__ = ["check_key"]


def check_key(store: BaseStore) -> None:
    """Ask the exchange what the store's key may do.

    What should be better is told as a notification; so is it when the rights cannot be read now.

    Raises:
        AuthError: the key can withdraw or transfer, or cannot trade the market; or the exchange
            refuses it.
    """
    exchange = store.exchange
    if not store.mode.signs or not isinstance(exchange, TellsKeyRights):
        return
    try:
        rights = exchange.key_permissions()
    except AuthError:
        raise
    except ExchangeError as error:
        store.put_notification(f"what the key may do could not be read: {error}")
        return
    if rights is None:
        return
    faults = rights.faults(store.market)
    if faults:
        raise AuthError(
            f"this key is refused: {'; '.join(faults)}",
            remedy="make a key that may read and trade, and nothing else",
        )
    for text in rights.warnings():
        store.put_notification(text)
