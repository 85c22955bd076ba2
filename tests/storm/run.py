"""`nox -s storm -- --orders N --faults P --seed S`: many seeds, one verdict.

Progress goes to stderr; the last line of stdout is one JSON object. A seed that fails prints the
line that repeats it alone. `--kills K` kills K processes of each seed at crash points and starts
them again; `--matrix` kills at every crash point in turn; `--bugs` plants mistakes that trading
systems have made, and fails if one is not found.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from os import cpu_count
from typing import Any

from bugs import BUGS, IN_A_CRASH
from harness import POINTS, Verdict, kills_of, storm, storm_on_disk

ORDERS_A_SEED = 60
BUG_SEEDS = 12
MATRIX_HITS = 5
_FAULTS = ("lost", "duplicate", "double_counted", "mismatched", "unresolved")
_Kills = Sequence[tuple[str, int]]


def one(seed: int, orders: int, faults: float, kills: _Kills) -> Verdict:
    """Run one seed in a process of its own; what it logs is of no interest here."""
    logging.disable(logging.CRITICAL)
    if kills:
        return storm_on_disk(seed, orders, faults, kills)
    return storm(seed, orders, faults)


def find_bug(name: str, faults: float = 0.15) -> int | None:
    """Return the first seed that shows a planted mistake, None if none of a few does."""
    logging.disable(logging.CRITICAL)
    for seed in range(1, BUG_SEEDS + 1):
        kills = kills_of(seed, 2, ("c05", "c12", "c15", "c26")) if name in IN_A_CRASH else ()
        with BUGS[name]():
            try:
                verdict = one(seed, 40, faults, kills)
            except Exception:  # noqa: BLE001 - a crash of the program shows the mistake as well
                return seed
        if not verdict.is_clean:
            return seed
    return None


def main() -> int:
    """Run what was asked for and print what it came to; 1 if anything is not as it must be."""
    parser = argparse.ArgumentParser(prog="nox -s storm --", description=__doc__)
    parser.add_argument("--orders", type=int, default=2000, help="how many orders in all")
    parser.add_argument("--faults", type=float, default=0.05, help="share of operations that fail")
    parser.add_argument("--seed", type=int, default=1, help="of the first world")
    parser.add_argument("--jobs", type=int, default=cpu_count() or 1, help="processes")
    parser.add_argument("--kills", type=int, default=0, help="processes killed in each world")
    parser.add_argument("--matrix", action="store_true", help="kill at every crash point in turn")
    parser.add_argument("--bugs", action="store_true", help="plant mistakes and find them")
    given = parser.parse_args()
    if given.orders < 1 or not 0 <= given.faults < 1 or given.jobs < 1 or given.kills < 0:
        parser.error("--orders and --jobs are above zero, --faults from 0 to below 1")
    began = time.monotonic()
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        if given.bugs:
            result, is_well = planted(pool)
        else:
            result, is_well = stormy(pool, given)
    result["seconds"] = round(time.monotonic() - began, 1)
    if "seeds" in result:
        result["seeds_per_second"] = round(result["seeds"] / result["seconds"], 2)
    print(json.dumps(result))
    return 0 if is_well else 1


def planted(pool: ProcessPoolExecutor) -> tuple[dict[str, Any], bool]:
    """Plant every mistake, and tell by which seed it was found."""
    asked = {pool.submit(find_bug, name): name for name in BUGS}
    found: dict[str, int | None] = {}
    for done in as_completed(asked):
        found[asked[done]] = done.result()
        sys.stderr.write(f"{asked[done]}: seed {done.result()}\n")
    missed = sorted(name for name, seed in found.items() if seed is None)
    return {"storm": "bugs", "planted": len(found), "missed": missed}, not missed


def stormy(pool: ProcessPoolExecutor, given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    """Run all seeds, and add up what their audits found."""
    worlds = list(_worlds(given))
    verdicts: list[Verdict] = []
    asked = {
        pool.submit(one, seed, orders, given.faults, kills): (seed, orders)
        for seed, orders, kills in worlds
    }
    for done in as_completed(asked):
        verdicts.append(done.result())
        tell(verdicts[-1], asked[done][1], given)
        if len(verdicts) % max(1, len(worlds) // 10) == 0 or len(verdicts) == len(worlds):
            sys.stderr.write(f"{len(verdicts)} of {len(worlds)} seeds\n")
    return summary(verdicts, given), all(verdict.is_clean for verdict in verdicts)


def _worlds(given: argparse.Namespace) -> list[tuple[int, int, _Kills]]:
    if given.matrix:
        places = [(point, hit) for point in POINTS for hit in range(1, MATRIX_HITS + 1)]
        return [(given.seed + number, 30, [place]) for number, place in enumerate(places)]
    counts = [ORDERS_A_SEED] * (given.orders // ORDERS_A_SEED)
    if given.orders % ORDERS_A_SEED:
        counts.append(given.orders % ORDERS_A_SEED)
    return [
        (given.seed + number, count, kills_of(given.seed + number, given.kills))
        for number, count in enumerate(counts)
    ]


def tell(verdict: Verdict, orders: int, given: argparse.Namespace) -> None:
    """Show a seed that is not clean, with the line that repeats it."""
    if verdict.is_clean:
        return
    sys.stderr.write(f"seed {verdict.seed} is not clean (kills: {verdict.kills}):\n")
    for name in _FAULTS:
        for text in getattr(verdict, name):
            sys.stderr.write(f"  {name}: {text}\n")
    again = f"--orders {orders} --faults {given.faults:g} --seed {verdict.seed}"
    more = f" --kills {given.kills}" if given.kills else ""
    sys.stderr.write(f"  again: nox -s storm -- {again}{more}\n")


def summary(verdicts: list[Verdict], given: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of all seeds."""
    total: Callable[[str], int] = lambda name: sum(  # noqa: E731
        value if isinstance(value := getattr(one, name), int) else len(value) for one in verdicts
    )
    return {
        "storm": "matrix" if given.matrix else "orders",
        "markets": ["spot"],
        "faults": given.faults,
        "faults_hit": total("hits"),
        "kills": total("kills"),
        "intents": total("intents"),
        "exchange_orders": total("exchange_orders"),
        **{name: total(name) for name in _FAULTS},
        "finished_as_scripted": round(total("as_scripted") / max(1, total("intents")), 4),
        "seeds": len(verdicts),
        "first_seed": given.seed,
        "not_clean": sorted(one.seed for one in verdicts if not one.is_clean),
    }


if __name__ == "__main__":
    sys.exit(main())
