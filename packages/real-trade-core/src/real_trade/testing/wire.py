"""A network that goes wrong on purpose, and remembers every request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

import attrs

from real_trade.exchange.transport import HttpReply, HttpRequest, NotSent, ReplyLost, Transport

__all__ = ["Mishap", "Wire"]

_JSON = {"content-type": "application/json"}
_HTML = {"content-type": "text/html"}


class Mishap(Enum):
    """What becomes of a request.

    Those up to `WRONG_ORDER` never reach the exchange, or never come back from it; the exchange has
    carried out what came before LOST_AFTER, TRUNCATED and WRONG_ORDER were made of its reply.
    """

    NOT_SENT = "no byte left this machine"
    LOST_BEFORE = "the request was lost on its way"
    SERVER_ERROR = "HTTP 503 with a message"
    GATEWAY_PAGE = "HTTP 502 with a page"
    REDIRECT = "HTTP 302 to elsewhere"
    EMPTY = "HTTP 200 without a body"
    NOT_JSON = "HTTP 200 with a page"
    RATE_LIMIT = "HTTP 429, come back in 7 seconds"
    LOST_AFTER = "the reply was lost"
    TRUNCATED = "half of the reply"
    WRONG_ORDER = "the reply speaks of another order"

    @property
    def is_carried_out(self) -> bool:
        """Whether the exchange has done what it was asked."""
        return self in {Mishap.LOST_AFTER, Mishap.TRUNCATED, Mishap.WRONG_ORDER}


_REPLIES = {
    Mishap.SERVER_ERROR: HttpReply(status=503, headers=_JSON, body=b'{"msg":"overloaded"}'),
    Mishap.GATEWAY_PAGE: HttpReply(status=502, headers=_HTML, body=b"<html>Bad Gateway</html>"),
    Mishap.REDIRECT: HttpReply(status=302, headers={"location": "http://127.0.0.1:9/elsewhere"}),
    Mishap.EMPTY: HttpReply(status=200, headers=_JSON),
    Mishap.NOT_JSON: HttpReply(status=200, headers=_HTML, body=b"<html>Please wait</html>"),
    Mishap.RATE_LIMIT: HttpReply(
        status=429, headers={**_JSON, "retry-after": "7"}, body=b'{"msg":"too many requests"}'
    ),
}


@attrs.frozen
class _Rule:
    holding: str
    mishap: Mishap


class Wire:
    """A `Transport` over another one.

    Attributes:
        requests: every request that was asked for, also those that did not leave.
        had_no_effect: a reply was to be renamed, and names nothing.
    """

    def __init__(self, inner: Transport | None) -> None:
        self._inner = inner
        self._rule: _Rule | None = None
        self.requests: list[HttpRequest] = []
        self.had_no_effect = False

    def send(self, request: HttpRequest) -> HttpReply:
        """Pass a request on, or do to it what `mishap` says."""
        self.requests.append(request)
        rule = self._rule
        if rule is None or not mentions(request, rule.holding):
            return self._pass_on(request)
        return self._spoil(request, rule)

    def cut_off(self) -> None:
        """Leave nothing behind the wire: what is not spoilt is not sent."""
        self.close()
        self._inner = None

    def close(self) -> None:
        """Close what is underneath."""
        if self._inner is not None:
            self._inner.close()

    @contextmanager
    def mishap(self, mishap: Mishap, holding: str = "") -> Iterator[None]:
        """Let `mishap` happen to every request that mentions `holding`, inside the block."""
        self._rule = _Rule(holding, mishap)
        try:
            yield
        finally:
            self._rule = None

    def count(self, holding: str, since: int = 0) -> int:
        """Return how many requests after the first `since` mention `holding`."""
        return sum(mentions(request, holding) for request in self.requests[since:])

    def _pass_on(self, request: HttpRequest) -> HttpReply:
        if self._inner is None:
            raise NotSent("there is no exchange behind this wire")
        return self._inner.send(request)

    def _spoil(self, request: HttpRequest, rule: _Rule) -> HttpReply:
        mishap = rule.mishap
        if mishap is Mishap.NOT_SENT:
            raise NotSent(mishap.value)
        if mishap is Mishap.LOST_BEFORE:
            raise ReplyLost(mishap.value)
        if mishap in _REPLIES:
            return _REPLIES[mishap]
        reply = self._pass_on(request)
        if mishap is Mishap.LOST_AFTER:
            raise ReplyLost(mishap.value)
        body = _CHANGES[mishap](reply.body, rule.holding.encode())
        self.had_no_effect = body == reply.body
        return attrs.evolve(reply, body=body)


def mentions(request: HttpRequest, text: str) -> bool:
    """Return whether the address or the body of a request has `text` in it."""
    return text in request.url or text.encode() in request.body


def _half(body: bytes, name: bytes) -> bytes:
    del name
    return body[: len(body) // 2]


def _renamed(body: bytes, name: bytes) -> bytes:
    return body.replace(name, name[::-1])


_CHANGES: dict[Mishap, Callable[[bytes, bytes], bytes]] = {
    Mishap.TRUNCATED: _half,
    Mishap.WRONG_ORDER: _renamed,
}
