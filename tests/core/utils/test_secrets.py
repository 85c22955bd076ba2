"""Secrets: never shown, and found in the right place or refused."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import types
from pathlib import Path

import pytest

from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import FoundSecret, Secret, find_secret, read_private_file

pytestmark = pytest.mark.usefixtures("logging_restored")

KEY = "k3y-of-the-account"


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def private(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def found(folder: Path | None, profile: str = "", **environ: str) -> FoundSecret:
    return find_secret("apikey", environ=environ, folder=folder, profile=profile)


def test_a_secret_shows_nowhere_but_on_request() -> None:
    secret = Secret(KEY)
    shown = f"{secret} {secret!r} {secret!s:>20} {[secret]} {vars(type(secret))}"
    assert KEY not in shown
    assert secret.reveal() == KEY
    assert KEY not in secret.fingerprint
    assert secret != KEY
    assert Secret(secret) == secret
    assert not Secret()
    for take_out in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            take_out(secret)
    assert copy.deepcopy({"key": secret})["key"] is secret


def test_the_variable_comes_first(tmp_path: Path) -> None:
    file = private(tmp_path / "key", "from-a-file")
    private(tmp_path / "secrets.toml", 'apikey = "from-toml"')
    result = found(tmp_path, RT_APIKEY=KEY, RT_APIKEY_FILE=str(file))
    assert (result.secret.reveal(), result.origin) == (KEY, "environment RT_APIKEY")


def test_then_the_file_that_the_variable_names_without_its_line_end(tmp_path: Path) -> None:
    file = private(tmp_path / "key", "from-a-file\n")
    private(tmp_path / "secrets.toml", 'apikey = "from-toml"')
    result = found(tmp_path, RT_APIKEY_FILE=str(file))
    assert (result.secret.reveal(), result.origin) == ("from-a-file", "environment RT_APIKEY_FILE")


def test_then_secrets_toml_where_the_profile_goes_before_the_top(tmp_path: Path) -> None:
    text = 'apikey = "for-all-modes"\n[binance.testnet]\napikey = "for-the-testnet"\n'
    file = private(tmp_path / "secrets.toml", text)
    assert found(tmp_path, "binance.testnet").secret.reveal() == "for-the-testnet"
    assert found(tmp_path, "binance.live").secret.reveal() == "for-all-modes"
    assert found(tmp_path).origin == str(file)


def test_nowhere_is_an_empty_secret(tmp_path: Path) -> None:
    assert found(tmp_path) == FoundSecret(Secret(), "")
    assert not found(None).secret


def fake_keyring(priority: float, text: str | None) -> types.ModuleType:
    module = types.ModuleType("keyring")
    module.get_keyring = lambda: types.SimpleNamespace(priority=priority)  # type: ignore[attr-defined]  # a fake
    module.get_password = lambda service, user: text and f"{text}-{service}-{user}"  # type: ignore[attr-defined]  # a fake
    return module


def test_a_real_keyring_is_asked_before_the_file_and_a_stand_in_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private(tmp_path / "secrets.toml", 'apikey = "from-toml"')
    monkeypatch.setitem(sys.modules, "keyring", fake_keyring(5, "ring"))
    result = found(tmp_path, "binance.live")
    assert (result.secret.reveal(), result.origin) == (
        "ring-real-trade-binance.live.apikey",
        "keyring",
    )
    monkeypatch.setitem(sys.modules, "keyring", fake_keyring(0, "ring"))
    assert found(tmp_path).secret.reveal() == "from-toml"
    monkeypatch.setitem(sys.modules, "keyring", fake_keyring(5, None))
    assert found(tmp_path).secret.reveal() == "from-toml"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"RT_APIKEY": ""}, "RT_APIKEY is empty"),
        ({"RT_APIKEY_FILE": ""}, "RT_APIKEY_FILE is empty"),
        ({"RT_APIKEY": f"{KEY} "}, "a space or a control character"),
        ({"RT_APIKEY": f"{KEY}\nX-Evil: 1"}, "a space or a control character"),
        ({"RT_APIKEY_FILE": "/nowhere/key"}, "unreadable"),
    ],
)
def test_an_empty_or_broken_place_is_refused_without_showing_the_key(
    tmp_path: Path, environ: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        found(tmp_path, **environ)
    assert raised.value.remedy
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_c08_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    file = private(tmp_path / "secrets.toml", f'apikey = "{KEY}"')
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="open to others") as raised:
        found(tmp_path)
    assert raised.value.remedy == f"chmod 600 {file}"


def test_c08_a_symbolic_link_is_refused_even_a_dangling_one(tmp_path: Path) -> None:
    real = private(tmp_path / "real.toml", f'apikey = "{KEY}"')
    (tmp_path / "secrets.toml").symlink_to(real)
    with pytest.raises(ConfigurationError, match="a symbolic link"):
        found(tmp_path)
    real.unlink()
    with pytest.raises(ConfigurationError, match="a symbolic link"):
        found(tmp_path)


def test_c08_a_file_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = private(tmp_path / "secrets.toml", f'apikey = "{KEY}"')
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        found(tmp_path)


def test_a_folder_or_a_pipe_is_no_secrets_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ConfigurationError, match="no regular file"):
            read_private_file(path)


@pytest.mark.parametrize(
    ("text", "message"), [("apikey = ", "Invalid value"), ("apikey = 5", "apikey is no text")]
)
def test_a_broken_secrets_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    private(tmp_path / "secrets.toml", text)
    with pytest.raises(ConfigurationError, match=message):
        found(tmp_path)
