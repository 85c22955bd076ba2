"""The control plane: the truth, the faults, and what the account's owner does by hand.

It is no part of Binance. It listens where the exchange does, on loopback only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from real_trade.simulator.faults import Faults, RuleError
from real_trade.simulator.replies import Reply, Request, json_reply
from real_trade.simulator.schedule import Schedule

__all__ = ["Control", "ControlError"]


class ControlError(Exception):
    """A request to the control plane that makes no sense; the text says what would."""


class Control:
    """Answers /control/*.

    Args:
        health, ledger: what those pages show.
        act: does one owner's action; see `owner.py`.
        started: called with every fault rule that acts on sockets.
    """

    def __init__(
        self,
        faults: Faults,
        schedule: Schedule,
        *,
        health: Callable[[], dict[str, Any]],
        ledger: Callable[[], dict[str, Any]],
        act: Callable[[dict[str, Any]], Any],
        started: Callable[[Any], None],
    ) -> None:
        self._faults = faults
        self._schedule = schedule
        self._started = started
        self._act = act
        self._pages: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "/control/health"): lambda _: health(),
            ("GET", "/control/ledger"): lambda _: ledger(),
            ("GET", "/control/faults"): lambda _: self._faults.to_json(),
            ("POST", "/control/faults"): self._add,
            ("DELETE", "/control/faults"): self._remove,
            ("POST", "/control/market"): self._owner,
        }

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        if "origin" in request.headers:
            return _error(403, "the control plane does not answer web pages")
        path = request.path.rstrip("/")
        rule_id = ""
        if path.startswith("/control/faults/"):
            path, _, rule_id = path.rpartition("/")
        page = self._pages.get((request.method, path))
        if page is None:
            known = ", ".join(f"{method} {path}" for method, path in self._pages)
            return _error(404, f"no {request.method} {request.path}; known: {known}")
        try:
            if rule_id:
                return self._remove_one(rule_id)
            return json_reply(page(request))
        except (RuleError, ControlError) as error:
            return _error(400, str(error))

    def _add(self, request: Request) -> Any:
        rules = self._faults.add(_document(request), self._schedule.now)
        for rule in rules:
            self._started(rule)
        return [rule.to_json() for rule in rules]

    def _remove(self, _: Request) -> Any:
        return {"removed": self._faults.remove()}

    def _remove_one(self, rule_id: str) -> Reply:
        removed = self._faults.remove(rule_id)
        if not removed:
            return _error(404, f"there is no rule {rule_id!r}")
        return json_reply({"removed": removed})

    def _owner(self, request: Request) -> Any:
        document = _document(request)
        if not isinstance(document, dict):
            raise ControlError("an action is an object with the key 'do'")
        return self._act(document)


def _document(request: Request) -> Any:
    try:
        return orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise ControlError(f"the body is not JSON: {error}") from None


def _error(status: int, message: str) -> Reply:
    return json_reply({"error": message}, status)
