"""Faults as data: what goes wrong, where, and how often.

A rule is `{"on": pattern, "when": {...}, "do": action, "args": {...}}`. The pattern names a scope
and, after it, what it concerns, with `*` and `?` as in file names:

    POST /api/v3/order          a REST request: method and path
    api:order.place             a websocket API request: its method
    stream:btcusdt@kline_1s     a market stream's messages
    user:executionReport        an account's events
    socket:/ws*                 open websockets, by path: acted upon by time, not by message
    order:BTCUSDT               orders as the matching engine takes them

`where` narrows it by content: `{"k.x": true}` for a bar's last message, `{"side": "BUY"}` for a
request's parameter.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any

import attrs

from real_trade.simulator.distortions import FRAMES, look

__all__ = ["Faults", "Rule", "RuleError", "Scope", "known_actions", "parse_rule"]


class RuleError(Exception):
    """A rule that makes no sense; the text says what would."""


class Scope(Enum):
    """What a rule acts upon."""

    REQUEST = "request"
    MESSAGE = "message"
    SOCKET = "socket"
    ORDER = "order"


_NUMBER = (int, float)
_ANY = (str, int, float, bool, list, dict, type(None))

# Every action: its scope, its arguments with their types, and those it cannot do without.
_ACTIONS: dict[Scope, dict[str, dict[str, tuple[type, ...]]]] = {
    Scope.REQUEST: {
        "drop_request": {"close": (bool,)},
        "drop_response": {"close": (bool,)},
        "refuse": {},
        "delay": {"seconds": _NUMBER, "before": (bool,)},
        "reset": {"executed": (bool,), "part": _NUMBER},
        "half_response": {"part": _NUMBER, "executed": (bool,)},
        "slow": {"bytes_per_s": (int,)},
        "status": {
            "status": (int,),
            "body": (str,),
            "message": (str,),
            "code": (int,),
            "executed": (bool,),
            "retry_after_s": (int,),
            "location": (str,),
        },
        "code": {
            "code": (int,),
            "message": (str,),
            "status": (int,),
            "executed": (bool,),
            "retry_after_s": (int,),
        },
        "body": {"body": (str,), "executed": (bool,), "bytes": (int,), "charset": (str,)},
        "change": {"set": (dict,), "remove": (list,), "nulls": (list,)},
        "stale": {},
        "not_found": {"seconds": _NUMBER},
        "weight": {"weight": (int,)},
        "ban": {"seconds": _NUMBER},
    },
    Scope.MESSAGE: {
        "drop": {},
        "duplicate": {"copies": (int,)},
        "delay": {"seconds": _NUMBER},
        "reorder": {"hold": (int,)},
        "change": {"set": (dict,), "remove": (list,), "nulls": (list,)},
        "raw": {"text": (str,), "kind": (str,), "bytes": (int,)},
        "close": {"code": (int,), "reason": (str,), "reset": (bool,)},
    },
    Scope.SOCKET: {
        "close_sockets": {"code": (int,), "reason": (str,), "reset": (bool,)},
        "silence": {"seconds": _NUMBER, "pings": (bool,)},
        "shutdown": {"seconds": _NUMBER},
        "raw": {"text": (str,), "kind": (str,), "bytes": (int,)},
        "refuse_connections": {"seconds": _NUMBER, "status": (int,)},
    },
    Scope.ORDER: {
        "partial_fill": {"share": (str, int, float), "seconds": _NUMBER},
    },
}
_REQUIRED = {
    ("request", "delay"): ("seconds",),
    ("request", "status"): ("status",),
    ("request", "code"): ("code",),
    ("request", "body"): ("body",),
    ("request", "weight"): ("weight",),
    ("message", "delay"): ("seconds",),
}
_WHEN: dict[str, tuple[type, ...]] = {
    "nth": (int,),
    "every": (int,),
    "times": (int,),
    "probability": _NUMBER,
    "after_s": _NUMBER,
    "for_s": _NUMBER,
}
_KEYS = ("on", "do", "when", "where", "args", "id")
_METHODS = {"GET", "POST", "PUT", "DELETE", "*"}


@attrs.define
class Rule:
    """One rule with its counts."""

    id: str
    on: str
    do: str
    when: Mapping[str, Any]
    args: Mapping[str, Any]
    scope: Scope
    pattern: str
    where: Mapping[str, Any] = attrs.field(factory=dict)
    since: int = 0
    seen: int = 0
    hits: int = 0

    def matches(self, target: str, facts: Callable[[], Any] | None = None) -> bool:
        """Return whether the rule concerns `target` with the content that `facts` tells."""
        if not fnmatchcase(target, self.pattern):
            return False
        if not self.where:
            return True
        known = facts() if facts is not None else {}
        return all(_equal(look(known, path), value) for path, value in self.where.items())

    def due(self, now: int, chance: random.Random) -> bool:
        """Count one match; return whether the rule acts on it."""
        when = self.when
        age_s = (now - self.since) / 1000
        if age_s < when.get("after_s", 0):
            return False
        if "for_s" in when and age_s >= when.get("after_s", 0) + when["for_s"]:
            return False
        self.seen += 1
        if "nth" in when and self.seen != when["nth"]:
            return False
        if "every" in when and self.seen % when["every"]:
            return False
        if "times" in when and self.hits >= when["times"]:
            return False
        if "probability" in when and chance.random() >= when["probability"]:
            return False
        self.hits += 1
        return True

    def to_json(self) -> dict[str, Any]:
        """Return the rule with its counts."""
        return {
            "id": self.id,
            "on": self.on,
            "do": self.do,
            "when": dict(self.when),
            "where": dict(self.where),
            "args": dict(self.args),
            "seen": self.seen,
            "hits": self.hits,
        }


class Faults:
    """The rules in force. The first rule that is due wins."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._rules: list[Rule] = []
        self._by_scope: dict[Scope, list[Rule]] = {scope: [] for scope in Scope}
        self._count = 0

    def add(self, document: Any, now: int) -> list[Rule]:
        """Add a rule or a list of rules; all or none.

        Raises:
            RuleError: a rule makes no sense.
        """
        documents = document if isinstance(document, list) else [document]
        rules = []
        for number, one in enumerate(documents, start=self._count + 1):
            rule = parse_rule(one, f"fault-{number}")
            rule.since = now
            rules.append(rule)
        taken = {rule.id for rule in self._rules}
        for rule in rules:
            if rule.id in taken:
                raise RuleError(f"there is a rule with the id {rule.id!r} already")
            taken.add(rule.id)
        self._count += len(rules)
        for rule in rules:
            self._rules.append(rule)
            self._by_scope[rule.scope].append(rule)
        return rules

    def remove(self, rule_id: str = "") -> int:
        """Remove one rule, or all; return how many went."""
        gone = [rule for rule in self._rules if not rule_id or rule.id == rule_id]
        for rule in gone:
            self._rules.remove(rule)
            self._by_scope[rule.scope].remove(rule)
        return len(gone)

    def hit(
        self,
        scope: Scope,
        target: str,
        now: int,
        do: str = "",
        facts: Callable[[], Any] | None = None,
    ) -> Rule | None:
        """Return the rule that acts on `target` now, or None.

        Args:
            do: asks for one action only.
            facts: tells the content that `where` looks at; called only if a rule has one.
        """
        for rule in self._by_scope[scope]:
            if do and rule.do != do:
                continue
            if rule.matches(target, facts) and rule.due(now, self._chance):
                return rule
        return None

    def any(self, scope: Scope) -> bool:
        """Return whether a rule of this scope is there."""
        return bool(self._by_scope[scope])

    def __contains__(self, rule: Rule) -> bool:
        return rule in self._rules

    def to_json(self) -> list[dict[str, Any]]:
        """Return all rules with their counts."""
        return [rule.to_json() for rule in self._rules]


def known_actions() -> dict[Scope, tuple[str, ...]]:
    """Return the actions there are, by what they act upon."""
    return {scope: tuple(actions) for scope, actions in _ACTIONS.items()}


def parse_rule(document: Any, rule_id: str) -> Rule:
    """Return the rule that `document` describes.

    Raises:
        RuleError: a key, action, argument or condition is unknown or wrong.
    """
    if not isinstance(document, dict):
        raise RuleError(f"a rule is an object with the keys {_list(_KEYS)}, not {document!r}")
    _known(document, _KEYS, "key")
    for key in ("on", "do"):
        if not isinstance(document.get(key), str):
            raise RuleError(f"a rule needs {key!r}, a text; got {document.get(key)!r}")
    scope, pattern = _scope(document["on"])
    action = document["do"]
    actions = _ACTIONS[scope]
    if action not in actions:
        raise RuleError(
            f"unknown action {action!r} on {document['on']!r}; known there: {_list(actions)}"
        )
    args = _mapping(document, "args")
    _known(args, actions[action], f"argument of {action!r}")
    _typed(args, actions[action], action)
    _ranged(args, action)
    for name in _REQUIRED.get((scope.value, action), ()):
        if name not in args:
            raise RuleError(f"{action!r} needs the argument {name!r}")
    when = _mapping(document, "when")
    _known(when, _WHEN, "condition")
    _typed(when, _WHEN, "when")
    return Rule(
        id=str(document.get("id", rule_id)),
        on=document["on"],
        do=action,
        when=when,
        where=_mapping(document, "where"),
        args=args,
        scope=scope,
        pattern=pattern,
    )


def _equal(found: Any, wanted: Any) -> bool:
    """Compare as JSON, or as the texts of a request's parameters."""
    return bool(found == wanted) or (isinstance(found, str) and found == str(wanted))


def _scope(on: str) -> tuple[Scope, str]:
    method, _, path = on.partition(" ")
    if method in _METHODS and path.startswith(("/", "*")):
        return Scope.REQUEST, on
    if on.startswith("/"):
        return Scope.REQUEST, f"* {on}"
    if on.startswith("api:"):
        return Scope.REQUEST, on
    for prefix, scope in (
        ("stream:", Scope.MESSAGE),
        ("user:", Scope.MESSAGE),
        ("socket:", Scope.SOCKET),
        ("order:", Scope.ORDER),
    ):
        if on.startswith(prefix):
            return scope, on
    raise RuleError(
        f"cannot read {on!r}: write 'POST /api/v3/order', 'api:order.place', "
        "'stream:btcusdt@kline_1s', 'user:executionReport', 'socket:/ws*' or 'order:BTCUSDT'"
    )


def _mapping(document: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = document.get(key, {})
    if not isinstance(found, dict):
        raise RuleError(f"{key!r} is an object, not {found!r}")
    return found


def _known(given: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise RuleError(f"unknown {what}: {name!r}; known: {_list(known) or 'none'}")


def _typed(given: Mapping[str, Any], types: Mapping[str, tuple[type, ...]], what: str) -> None:
    for name, value in given.items():
        wanted = types[name]
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            names = " or ".join(kind.__name__ for kind in wanted)
            raise RuleError(f"{name!r} of {what!r} must be {names}, not {value!r}")
        if isinstance(value, _NUMBER) and value < 0 and name != "code":
            raise RuleError(f"{name!r} of {what!r} must not be negative: {value!r}")


def _ranged(args: Mapping[str, Any], action: str) -> None:
    """Refuse what has the right type and no meaning."""
    if "kind" in args and args["kind"] not in FRAMES:
        raise RuleError(f"unknown kind of frame: {args['kind']!r}; known: {_list(FRAMES)}")
    if not 0 <= args.get("part", 0) <= 1:
        raise RuleError(f"'part' of {action!r} lies between 0 and 1: {args['part']!r}")
    if not 100 <= args.get("status", 200) <= 599:
        raise RuleError(f"'status' of {action!r} is an HTTP status: {args['status']!r}")
    if args.get("bytes_per_s", 1) < 1:
        raise RuleError(f"'bytes_per_s' of {action!r} must be at least 1")
    try:
        share = Decimal(str(args.get("share", "0.5")))
    except InvalidOperation:
        share = Decimal(0)
    if not 0 < share < 1:
        raise RuleError(f"'share' of {action!r} lies between 0 and 1: {args['share']!r}")


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
