"""Candles in whole ticks and steps, and how one is made of many: the same total, exactly.

Only sums, products and comparisons of floats are used, so that a seed gives the same candles on
every machine.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple

__all__ = ["Candle", "normal", "split"]

# A part that moves needs so many steps of volume: open, high, low and close are traded.
_PER_PART = 4
_ROOT_3 = 1.7320508075688772


class Candle(NamedTuple):
    """Prices in ticks, volume in steps."""

    open: int
    high: int
    low: int
    close: int
    volume: int


def normal(chance: Random) -> float:
    """Return a number of mean 0 and variance 1, nearly normal, within 3.5."""
    draw = chance.random
    return (draw() + draw() + draw() + draw() - 2.0) * _ROOT_3


def split(candle: Candle, parts: int, chance: Random, missing: frozenset[int]) -> list[Candle]:
    """Return `parts` candles in a row that together make `candle`, opening where the last closed.

    `missing` parts, and those for which the volume does not suffice, trade nothing.
    """
    active = _active(candle, parts, chance, missing)
    path, weights = _path(candle, len(active), chance)
    volumes = _shares(candle.volume, weights)
    top, bottom = path.index(max(path)), path.index(min(path))
    found: list[Candle] = []
    before, at = candle.open, 0
    for part in range(parts):
        if at == len(active) or part != active[at]:
            found.append(Candle(before, before, before, before, 0))
            continue
        close = path[at]
        high, low = _wicks(candle, before, close, chance)
        found.append(
            Candle(
                before,
                candle.high if at == top else high,
                candle.low if at == bottom else low,
                close,
                volumes[at],
            )
        )
        before = close
        at += 1
    return found


def _active(candle: Candle, parts: int, chance: Random, missing: frozenset[int]) -> list[int]:
    able = [part for part in range(parts) if part not in missing]
    count = max(1, min(len(able), candle.volume // _PER_PART))
    return able if count == len(able) else sorted(chance.sample(able, count))


def _path(candle: Candle, count: int, chance: Random) -> tuple[list[int], list[float]]:
    """Return `count` closes that end at the candle's, and how much goes on in each part."""
    moves, weights = [], []
    mood = 0.0
    for _ in range(count):
        mood = 0.93 * mood + 0.25 * normal(chance)
        # A cheap stand-in for exp(mood): positive, and calm times outnumber wild ones.
        size = (1.0 + 0.5 * mood) ** 2 + 0.1
        step = normal(chance) * size
        moves.append(step)
        weights.append(size + abs(step) + 0.2)
    drift = (sum(moves)) / count
    spread = max(candle.high - candle.low, 1)
    unit = spread / (1.7 * count**0.5)
    slope = (candle.close - candle.open) / count
    place, walk = float(candle.open), []
    for step in moves:
        place += (step - drift) * unit + slope
        walk.append(place)
    walk[-1] = float(candle.close)
    return _fit(candle, walk), weights


def _fit(candle: Candle, walk: list[float]) -> list[int]:
    """Return the walk in whole ticks, squeezed or stretched to reach the high and the low."""
    top, bottom = max(candle.open, candle.close), min(candle.open, candle.close)
    highest, lowest = max(walk), min(walk)
    up = (candle.high - top) / (highest - top) if highest > top else 0.0
    down = (bottom - candle.low) / (bottom - lowest) if lowest < bottom else 0.0
    path = []
    for place in walk:
        if place > top:
            place = top + (place - top) * up
        elif place < bottom:
            place = bottom - (bottom - place) * down
        path.append(min(max(round(place), candle.low), candle.high))
    path[-1] = candle.close
    return path


def _wicks(candle: Candle, before: int, close: int, chance: Random) -> tuple[int, int]:
    body = abs(close - before)
    reach = body + 1 + (candle.high - candle.low) // 200
    high = max(before, close) + int(chance.random() ** 3 * reach)
    low = min(before, close) - int(chance.random() ** 3 * reach)
    return min(high, candle.high), max(low, candle.low)


def _shares(volume: int, weights: list[float]) -> list[int]:
    """Return whole shares of `volume`, by weight above an equal minimum."""
    count = len(weights)
    least = min(_PER_PART, volume // count)
    rest, total = volume - least * count, sum(weights)
    shares, given, passed = [], 0, 0.0
    for weight in weights:
        passed += weight
        upto = int(rest * (passed / total))
        shares.append(least + upto - given)
        given = upto
    shares[-1] += rest - given
    return shares
