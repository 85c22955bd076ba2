"""What goes back over HTTP, and in what shape it arrives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import orjson

__all__ = ["INTACT", "Answer", "Delivery", "Later", "Reply", "Request", "json_reply"]

_JSON = ("Content-Type", "application/json;charset=UTF-8")


@attrs.frozen(kw_only=True)
class Request:
    """One HTTP request, as it came: header names in lower case, query and body not decoded."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


@attrs.frozen(kw_only=True)
class Delivery:
    """How a reply travels. The default is whole and at once.

    Attributes:
        delay_ms: it leaves so much later.
        lost: it never arrives; the connection hangs.
        part: the share of its bytes that arrive before the connection ends.
        reset: the connection ends by RST instead of FIN.
        bytes_per_s: it trickles.
        refuse: the connection is refused: in process nothing was sent, on the wire it is closed.
    """

    delay_ms: int = 0
    lost: bool = False
    part: float = 1.0
    reset: bool = False
    bytes_per_s: int = 0
    refuse: bool = False

    @property
    def whole(self) -> bool:
        """Whether all bytes arrive in the end."""
        return not (self.lost or self.reset or self.refuse) and self.part >= 1.0


INTACT = Delivery()


@attrs.frozen
class Reply:
    """One HTTP reply."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (_JSON,)
    delivery: Delivery = INTACT


@attrs.frozen
class Later:
    """A request that reaches the exchange only at `at_ms`: call `run` then."""

    at_ms: int
    run: Callable[[], Reply]


Answer = Reply | Later


def json_reply(value: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """Return `value` as a JSON reply."""
    return Reply(status, orjson.dumps(value), (_JSON, *headers))
