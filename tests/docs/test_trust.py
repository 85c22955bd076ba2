"""TRUST.md names tests that exist, and says of every promise how it stands."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def promises():
    text = (ROOT / "TRUST.md").read_text(encoding="utf-8")
    return re.findall(r"^\| \*\*([SL]\d+)\*\* [^|]+\| (.+) \|$", text, re.MULTILINE)


def all_tests():
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(re.findall(r"^def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE))
    return found


def test_every_promise_stands_there_once():
    names = [name for name, _ in promises()]
    wanted = [f"S{number}" for number in range(1, 21)] + [f"L{number}" for number in range(1, 11)]
    assert names == wanted


def test_every_promise_names_a_test_or_a_command_or_says_that_it_is_not_kept():
    known = all_tests()
    for name, kept in promises():
        named = re.findall(r"`(test_\w+)`", kept)
        assert [one for one in named if one not in known] == [], name
        assert named or "not yet kept" in kept or "nox -s" in kept or "the storm" in kept, name
