"""A PostgreSQL server of the test run's own, where Debian's binaries are present."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

_NUMBERS = itertools.count()


def load(name: str, folder: str):
    """Return the helpers of another folder's conftest: there is no package to import them from."""
    place = Path(__file__).parent.parent / folder / "conftest.py"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Backtrader looks a strategy's module up there
    spec.loader.exec_module(module)
    return module


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("PostgreSQL's server is not installed (apt install postgresql)")
    return found[-1].parent


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The address of a server that listens on loopback alone, without the name of a database."""
    pytest.importorskip("psycopg")
    binaries = _binaries()
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="rt-pg-"))  # short: its socket's name has a limit
    try:
        if user is not None:
            account = pwd.getpwnam(user)
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = str(folder / "data")
        subprocess.run(
            [str(binaries / "initdb"), "-D", data, "-A", "trust", "-U", "trader", "-N"],
            check=True, capture_output=True, user=user, cwd=folder,
        )  # fmt: skip
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        options = f"-h 127.0.0.1 -p {port} -k {folder} -F"
        control = [str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(folder / "log")]
        subprocess.run(
            [*control, "-o", options, "start"], check=True, capture_output=True, user=user,
            cwd=folder,
        )  # fmt: skip
        try:
            yield f"postgresql+psycopg://trader@127.0.0.1:{port}"
        finally:
            subprocess.run(
                [*control, "-m", "immediate", "stop"], check=True, capture_output=True, user=user,
                cwd=folder,
            )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def url(server: str) -> Iterator[str]:
    """The URL of an empty database."""
    name = f"store{next(_NUMBERS)}"
    with _admin(server) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"{server}/{name}"
    with _admin(server) as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _admin(server: str):
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    return _Closing(engine)


class _Closing:
    """A connection whose engine goes with it."""

    def __init__(self, engine) -> None:
        self._engine = engine

    def __enter__(self):
        self._connection = self._engine.connect()
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self._engine.dispose()


@pytest.fixture(scope="session")
def orders_kit():
    return load("orders_kit", "orders")


@pytest.fixture(scope="session")
def engine_kit():
    return load("engine_kit", "engine")
