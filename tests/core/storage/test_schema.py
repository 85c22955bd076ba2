"""Migrations: all or nothing, and never backwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from real_trade.runtime.failpoints import armed
from real_trade.storage.engine import StorageError, open_engine
from real_trade.storage.schema import upgrade
from real_trade.storage.tables import REVISION, metadata


def test_migrations_make_the_tables_that_the_program_uses(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(engine)
    upgrade(engine)
    found = inspect(engine)
    for table in metadata.tables.values():
        columns = {column["name"]: column for column in found.get_columns(table.name)}
        assert list(columns) == [column.name for column in table.columns]
        for column in table.columns:
            assert str(columns[column.name]["type"]) == str(column.type)
            assert columns[column.name]["nullable"] == column.nullable
        keys = found.get_pk_constraint(table.name)["constrained_columns"]
        assert keys == [column.name for column in table.primary_key]
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert version == REVISION
    engine.dispose()


def test_D10_a_migration_that_is_killed_half_way_leaves_nothing(tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def kill(point: str) -> None:
        if point == "c34":
            raise Killed

    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with armed(kill), pytest.raises(Killed):
        upgrade(engine)
    assert inspect(engine).get_table_names() == []
    upgrade(engine)
    assert "journal_rows" in inspect(engine).get_table_names()
    engine.dispose()


def test_D10_a_store_of_a_newer_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'store.sqlite'}")
    upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StorageError, match="9999") as caught:
        upgrade(engine)
    assert "upgrade real-trade" in caught.value.remedy
    with engine.connect() as connection:
        version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    assert version == "9999"
    engine.dispose()


def test_a_path_with_a_blank_and_a_percent_sign_will_do(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'my %(here)s 100% state' / 'store.sqlite'}")
    upgrade(engine)
    engine.dispose()
