"""What differs between two modes' decisions, and where a gap between their results comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import attrs

from real_trade.engine.parity import Deal, Decision, ModeRun
from real_trade.model import Instrument, Mode

__all__ = ["Difference", "Gap", "ParityReport", "as_dict", "report_on"]


@attrs.frozen(kw_only=True)
class Difference:
    """One decision that is not the backtest's; None where a side has none."""

    mode: Mode
    number: int
    backtest: Decision | None
    other: Decision | None

    def __str__(self) -> str:
        """Return it as a person reads it."""
        sides = (_words(self.backtest), _words(self.other))
        return f"#{self.number + 1}: backtest {sides[0]}; {self.mode.value} {sides[1]}"


@attrs.frozen(kw_only=True)
class Gap:
    """Why a mode's equity differs from the backtest's, in quote units; the parts add up to `total`.

    Attributes:
        fees: what was paid more (negative) or less.
        spread: the half spread that each purchase and sale pays, as it was simulated.
        latency: the rest of the prices: what they moved between the backtest's price, which is the
            next bar's open or the order's own, and the fill.
        rounding: other sizes, at the backtest's price, and what is left of them at the end.
        other: what orders that only one side filled made.
    """

    mode: Mode
    total: float
    fees: float
    spread: float
    latency: float
    rounding: float
    other: float


@attrs.frozen(kw_only=True)
class ParityReport:
    """All modes beside the backtest."""

    runs: tuple[ModeRun, ...]
    differences: tuple[Difference, ...]
    gaps: tuple[Gap, ...]

    @property
    def decisions_equal(self) -> bool:
        """Whether every mode decided exactly as the backtest did."""
        return not self.differences


def report_on(
    runs: Sequence[ModeRun], instrument: Instrument, spread: Decimal | None, last_price: float
) -> ParityReport:
    """Return what differs between the first run, which is the backtest, and the others.

    Args:
        instrument: of the one symbol whose prices the gap is split by.
        spread: of the simulated exchange, as a ratio; None for none at all.
        last_price: at which a position that is left is valued.
    """
    first, *others = runs
    differences = [
        Difference(mode=run.mode, number=number, backtest=mine, other=other)
        for run in others
        for number, (mine, other) in enumerate(zip_longest(first.decisions, run.decisions))
        if mine != other
    ]
    half = _HalfSpread(instrument, spread)
    gaps = [_gap(first, run, half, last_price) for run in others]
    return ParityReport(runs=tuple(runs), differences=tuple(differences), gaps=tuple(gaps))


class _HalfSpread:
    """Half of what lies between bid and ask, in quote units."""

    def __init__(self, instrument: Instrument, spread: Decimal | None) -> None:
        self._tick = float(instrument.price_step)
        self._ratio = None if spread is None else float(spread)

    def at(self, price: float) -> float:
        if self._ratio is None:
            return 0.0
        return max(price * self._ratio / 2, self._tick / 2)


@attrs.define
class _Sum:
    """What one order came to."""

    size: float = 0.0
    value: float = 0.0
    fee: float = 0.0
    sign: int = 0

    @property
    def price(self) -> float:
        return self.value / self.size if self.size else 0.0

    def cash(self) -> float:
        return -self.sign * self.value - self.fee

    def worth(self, last_price: float) -> float:
        """Return what the order made of the account, its size valued at the end."""
        return self.cash() + self.sign * self.size * last_price


def _gap(first: ModeRun, run: ModeRun, half: _HalfSpread, last_price: float) -> Gap:
    mine, theirs = _sums(first.deals), _sums(run.deals)
    fees = spread = latency = rounding = other = 0.0
    for number in sorted({*mine, *theirs}):
        one, two = mine.get(number), theirs.get(number)
        if one is None or two is None:
            other += (two.worth(last_price) if two else 0.0) - (
                one.worth(last_price) if one else 0.0
            )
            continue
        fees -= two.fee - one.fee
        price = -two.sign * two.size * (two.price - one.price)
        paid = -two.size * half.at(two.price)
        spread += paid
        latency += price - paid
        rounding += two.sign * (two.size - one.size) * (last_price - one.price)
    total = run.equity - first.equity
    return Gap(
        mode=run.mode,
        total=total,
        fees=fees,
        spread=spread,
        latency=latency,
        rounding=rounding,
        other=other,
    )


def _sums(deals: Sequence[Deal]) -> dict[int, _Sum]:
    found: dict[int, _Sum] = defaultdict(_Sum)
    for deal in deals:
        one = found[deal.order]
        one.size += deal.size
        one.value += deal.size * deal.price
        one.fee += deal.commission
        one.sign = 1 if deal.side == "buy" else -1
    return dict(found)


def _words(decision: Decision | None) -> str:
    if decision is None:
        return "decided nothing"
    at = "" if decision.price is None else f" at {decision.price:g}"
    bar = decision.bar.isoformat(sep=" ", timespec="seconds")
    verdict = f", {decision.verdict}" if decision.verdict else ""
    what = f"{decision.side} {decision.size:g} {decision.symbol} {decision.type}"
    return f"{what}{at} ({bar}{verdict})"


def as_dict(report: ParityReport) -> dict[str, Any]:
    """Return a report as plain values."""
    return {
        "decisions_equal": report.decisions_equal,
        "differences": [str(one) for one in report.differences],
        "modes": {
            run.mode.value: {
                "bars": run.bars,
                "decisions": len(run.decisions),
                "fills": len(run.deals),
                "refusals": list(run.refusals),
                "equity": run.equity,
            }
            for run in report.runs
        },
        "gaps": {
            gap.mode.value: {
                name: value for name, value in attrs.asdict(gap).items() if name != "mode"
            }
            for gap in report.gaps
        },
    }
