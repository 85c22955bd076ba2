"""Bringing a database to this program's schema: all of it or nothing, and never backwards."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from real_trade.storage.engine import StorageError
from real_trade.storage.tables import REVISION

__all__ = ["upgrade"]

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Run the migrations that are missing, in one transaction.

    Raises:
        StorageError: the database was made by a newer program.
    """
    with engine.begin() as connection:
        revision = _revision(connection)
        if revision == REVISION:
            return
        _migrate(connection, revision)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(connection: Connection, revision: str | None) -> None:
    # Heavy, and needed once in a database's life.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StorageError(
            f"the store has schema {revision}, which this version (up to {REVISION}) does not know",
            remedy="upgrade real-trade; a newer store is never turned back",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
