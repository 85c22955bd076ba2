"""Which journal a store writes: durable where orders are real, in memory where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from real_trade.orders import Journal, MemoryJournal
from real_trade.storage.places import data_folder, database_url

if TYPE_CHECKING:
    from real_trade.common.base_store import BaseStore
    from real_trade.orders.comparison import Compared
    from real_trade.orders.sql_journal import JournalScope

__all__ = ["compare_journal", "open_journal", "scope_of"]


def open_journal(store: BaseStore) -> Journal:
    """Return the journal of the store's account and market, open for writing.

    Raises:
        AlreadyRunning: another process trades this account and market.
        JournalError: it is damaged, of another environment, or older than it was.
        StorageError: it cannot be opened.
        ConfigurationError: the bot's name does not fit into a client order id.
    """
    if not store.mode.signs or store.db_url is None:
        return MemoryJournal(f"rt-{store.runtime.token(8)}")
    from real_trade.orders.sql_journal import SqlJournal  # SQLAlchemy

    return SqlJournal.open(
        database_url(store.mode, store.db_url),
        scope_of(store),
        bot=store.bot,
        clock=store.runtime.clock,
        lock_directory=data_folder() / "locks",
    )


def compare_journal(store: BaseStore) -> list[Compared]:
    """Return the store's journal beside the exchange's books; a running bot is not disturbed.

    Raises:
        JournalError, StorageError: the journal cannot be read, or must not be trusted.
        ExchangeError: the exchange cannot be asked.
    """
    from real_trade.orders.comparison import compare
    from real_trade.orders.sql_journal import read_journal

    exchange = store.exchange
    exchange.connect()
    with read_journal(database_url(store.mode, store.db_url or ""), scope_of(store)) as entries:
        return compare(entries, exchange)


def scope_of(store: BaseStore) -> JournalScope:
    """Return whose journal it is: one account on one market."""
    from real_trade.orders.sql_journal import JournalScope

    return JournalScope(
        exchange=store.exchange_name or store.exchange.name,
        market=store.market.value,
        account=_account(store),
        environment=store.mode.value,
    )


def _account(store: BaseStore) -> str:
    """Return the key's fingerprint; of a simulator each address is another world."""
    place = urlsplit(store.endpoint).netloc
    return f"{store.apikey.fingerprint}@{place}" if place else store.apikey.fingerprint
