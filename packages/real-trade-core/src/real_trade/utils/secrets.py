"""Keys and passwords that cannot be shown by accident."""

from __future__ import annotations

import hashlib
from typing import Any, NoReturn

__all__ = ["Secret"]


class Secret:
    """A text that shows only on request: `reveal`. Its repr, str and format are stars.

    It cannot be pickled or compared to text, and an empty one is false.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str | Secret = "") -> None:
        self._text: str = text.reveal() if isinstance(text, Secret) else text

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
