"""Keys and passwords that cannot be shown by accident."""

from __future__ import annotations

import hashlib
import importlib
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import attrs

from real_trade.utils import redaction
from real_trade.utils.errors import ConfigurationError

__all__ = ["FoundSecret", "Secret", "find_secret", "read_private_file"]

_KEYRING_SERVICE = "real-trade"
_MOUNTED_SECRETS = Path("/run/secrets")
_MOST_BYTES = 64 << 10
# Neither follow a link nor wait for somebody to write into a pipe.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Secret:
    """A text that shows only on request: `reveal`. Its repr, str and format are stars.

    It cannot be pickled or compared to text, and an empty one is false. Whatever is made a Secret
    is masked in every log from then on (`redaction`).
    """

    __slots__ = ("_text",)

    def __init__(self, text: str | Secret = "") -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text
        redaction.register(self._text)

    def reveal(self) -> str:
        """Return the text itself. Call this only where it is signed or sent."""
        return self._text

    @property
    def fingerprint(self) -> str:
        """Return eight characters that tell two secrets apart and give nothing away."""
        return hashlib.sha256(b"real-trade:" + self._text.encode()).hexdigest()[:8]

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(***)" if self._text else "Secret()"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied out of the process")

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self


@attrs.frozen
class FoundSecret:
    """A secret with where it came from; an empty one came from nowhere."""

    secret: Secret
    origin: str


def find_secret(
    name: str,
    *,
    environ: Mapping[str, str],
    folder: Path | None = None,
    profile: str = "",
    prefix: str = "RT_",
) -> FoundSecret:
    """Return secret `name`, such as `apikey`, from the first place that has it.

    The places: variable `RT_APIKEY`; the file that `RT_APIKEY_FILE` names; the system's keyring, if
    there is a real one (service `real-trade`, user `profile.name`); `secrets.toml` in `folder`, in
    table `[profile]` or at its top.

    Args:
        name: as in the configuration.
        environ: the environment.
        folder: the user's configuration folder; None to leave out keyring and secrets.toml.
        profile: which account, such as `binance.testnet`.
        prefix: of the variables.

    Raises:
        ConfigurationError: a place has it empty, unreadable or readable by others.
    """
    variable = f"{prefix}{name.upper()}"
    if variable in environ:
        return FoundSecret(_checked(environ[variable], variable), f"environment {variable}")
    if f"{variable}_FILE" in environ:
        text = _file_named_by(f"{variable}_FILE", environ)
        return FoundSecret(_checked(text, f"{variable}_FILE"), f"environment {variable}_FILE")
    if folder is None:
        return FoundSecret(Secret(), "")
    if found := _from_keyring(f"{profile}.{name}" if profile else name):
        return FoundSecret(_checked(found, "the keyring"), "keyring")
    file = folder / "secrets.toml"
    if found := _from_toml(file, name, profile):
        return FoundSecret(_checked(found, str(file)), str(file))
    return FoundSecret(Secret(), "")


def read_private_file(path: Path) -> str:
    """Return the text of a file that only its owner may read.

    Raises:
        ConfigurationError: it is not there, no regular file, a symbolic link, somebody else's, or
            open to group or others.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except OSError as error:
        what = "a symbolic link" if path.is_symlink() else f"unreadable ({error.strerror})"
        raise ConfigurationError(
            f"secrets file {path} is {what}", remedy="name a regular file of your own"
        ) from error
    try:
        _check_private(path, os.fstat(descriptor))
        raw = os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"secrets file {path} is not UTF-8 text", remedy="write it anew"
        ) from None


def _check_private(path: Path, facts: os.stat_result) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise ConfigurationError(
            f"secrets file {path} is no regular file", remedy="name a regular file of your own"
        )
    # Container engines mount secrets there, readable to all inside, and only inside.
    if os.name != "posix" or _MOUNTED_SECRETS in path.parents:
        return
    if facts.st_uid != os.geteuid():
        raise ConfigurationError(
            f"secrets file {path} belongs to another user", remedy=f"sudo chown $USER {path}"
        )
    if facts.st_mode & 0o077:
        raise ConfigurationError(
            f"secrets file {path} is open to others (mode {stat.S_IMODE(facts.st_mode):04o})",
            remedy=f"chmod 600 {path}",
        )


def _checked(text: str, where: str) -> Secret:
    if not text:
        raise ConfigurationError(f"{where} is empty", remedy="set it, or remove it")
    if not text.isprintable() or any(map(str.isspace, text)):
        raise ConfigurationError(
            f"{where} holds a space or a control character", remedy="copy the key again"
        )
    return Secret(text)


def _file_named_by(variable: str, environ: Mapping[str, str]) -> str:
    if not environ[variable]:
        raise ConfigurationError(f"{variable} is empty", remedy="set it to a path, or remove it")
    return read_private_file(Path(environ[variable]).expanduser()).strip("\r\n")


def _from_toml(file: Path, name: str, profile: str) -> str:
    if not (file.exists() or file.is_symlink()):
        return ""
    try:
        table: Any = tomllib.loads(read_private_file(file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: {error}", remedy="repair the file") from None
    top = table
    for part in profile.split("."):
        table = table.get(part, {}) if isinstance(table, dict) else {}
    value = table[name] if isinstance(table, dict) and name in table else top.get(name, "")
    if not isinstance(value, str):
        raise ConfigurationError(
            f"{file}: {name} is no text", remedy=f'write it in quotes: {name} = "..."'
        )
    return value


def _from_keyring(user: str) -> str:
    try:
        keyring: Any = importlib.import_module("keyring")
    except ImportError:
        return ""
    # A backend below 1 is a stand-in that stores nothing, or stores it in the clear.
    if getattr(keyring.get_keyring(), "priority", 0) < 1:
        return ""
    try:
        return keyring.get_password(_KEYRING_SERVICE, user) or ""
    except keyring.errors.KeyringError as error:
        raise ConfigurationError(
            f"the keyring cannot be read: {type(error).__name__}",
            remedy="unlock it, or give the key by RT_APIKEY_FILE",
        ) from error
