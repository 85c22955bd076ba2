"""Repeatable chance: a generator that depends on its key alone."""

from __future__ import annotations

import random

__all__ = ["seeded"]


def seeded(*key: int | str) -> random.Random:
    """Return a generator for `key`: the same in every process, whatever PYTHONHASHSEED is."""
    return random.Random("/".join(map(str, key)))  # noqa: S311 - repeatable on purpose
