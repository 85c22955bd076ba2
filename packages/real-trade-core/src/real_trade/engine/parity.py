"""One strategy on one tape in backtest, on paper and on a simulated exchange: does it decide alike?

The simulated exchange speaks the real one's protocol, in virtual time, and the strategy runs on the
exchange plugin that would trade for real: what differs here would differ live.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs
import backtrader as bt

from real_trade.engine.offline import common_quote
from real_trade.engine.runner import TradingRunner
from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.model import Instrument, Mode
from real_trade.paper import PriceModel
from real_trade.plugins import Network, PluginManager, SimulatedMarket
from real_trade.runtime import VirtualRuntime
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError

__all__ = ["Deal", "Decision", "ModeRun", "ParityPlan", "run_modes"]

MODES = (Mode.TESTNET, Mode.PAPER, Mode.BACKTEST)
_RECORDER = "real_trade_parity"
_KEY, _SECRET = "parity" * 10, "of-modes" * 8


@attrs.frozen(kw_only=True)
class ParityPlan:
    """What is compared.

    Attributes:
        tables: bars, one table for each symbol, all of one length.
        commission: maker and taker fee as a ratio.
        spread: of the simulated exchange, as a ratio, at least what a tick allows; also assumed on
            paper. None for ideal fills: both sides trade at the last price.
        latency_ms: one way, to the simulated exchange.
        sections: plugins' configuration, such as limits: verdicts are compared too.
    """

    strategy_cls: type[bt.Strategy]
    strategy_params: dict[str, Any] = attrs.field(factory=dict)
    tables: tuple[BarTable, ...] = ()
    cash: float = 10_000.0
    commission: float = 0.0
    spread: Decimal | None = None
    latency_ms: int = 5
    exchange: str = "binance"
    sections: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class Decision:
    """One order as the strategy asked for it, by the bar that it was decided on.

    `verdict` is the code of the guard that denied it, "refused" for another refusal, or "".
    """

    bar: datetime
    symbol: str
    side: str
    type: str
    size: float
    price: float | None
    verdict: str = ""


@attrs.frozen(kw_only=True)
class Deal:
    """One execution of the order with number `order`, in the order of decisions."""

    order: int
    time: datetime
    side: str
    size: float
    price: float
    commission: float


@attrs.frozen(kw_only=True)
class ModeRun:
    """What came of one mode."""

    mode: Mode
    bars: int
    decisions: tuple[Decision, ...]
    deals: tuple[Deal, ...]
    refusals: tuple[str, ...]
    equity: float


class DecisionRecorder(bt.Analyzer):
    """Notes every order when it is placed, and every execution."""

    def __init__(self) -> None:
        self.decisions: list[Decision] = []
        self.deals: list[Deal] = []
        self.refusals: list[str] = []
        self._numbers: dict[int, int] = {}

    def notify_order(self, order: Any) -> None:
        """Take a copy of an order, as the strategy is told."""
        if order.ref not in self._numbers:
            self._numbers[order.ref] = len(self.decisions)
            self.decisions.append(_decision_of(order))
        number = self._numbers[order.ref]
        for bit in order.executed.iterpending():
            self.deals.append(
                Deal(
                    order=number,
                    time=_time(bit.dt),
                    side=order.ordtypename().lower(),
                    size=abs(bit.size),
                    price=bit.price,
                    commission=bit.openedcomm + bit.closedcomm,
                )
            )
        if order.status in (order.Rejected, order.Margin):
            reason = str(order.info.get("reason", ""))
            self.refusals.append(f"{order.getstatusname()}: {reason}")
            code = reason.partition(":")[0]
            verdict = code if code.isidentifier() else "refused"
            self.decisions[number] = attrs.evolve(self.decisions[number], verdict=verdict)


class _Rerouted(PluginManager):
    """The installed plugins, with the exchange's network led to a simulator in this process."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self._network = network

    def open_exchange(self, name: str, settings: ExchangeSettings) -> Exchange:
        """Open the exchange on the simulator's network."""
        transport, connector = self._network.transport, self._network.connector
        rerouted = attrs.evolve(settings, transport=transport, connector=connector)
        return super().open_exchange(name, rerouted)


def run_modes(
    plan: ParityPlan, plugins: PluginManager
) -> tuple[list[ModeRun], dict[str, Instrument]]:
    """Run the plan's strategy in every mode; return the runs, the backtest first, and what the
    exchange lists. Decisions on the last bar are left out: a backtest has no bar after it.

    Raises:
        ConfigurationError: no simulator of that exchange is installed, there are no bars, or they
            are of several lengths.
    """
    if plan.exchange not in plugins.simulators:
        raise ConfigurationError(
            f"there is no simulator of {plan.exchange!r} to compare with",
            remedy="pip install real-trade-simulator",
        )
    if not plan.tables or not all(len(table) for table in plan.tables):
        raise ConfigurationError("there are no bars to compare on", remedy="give a tape with bars")
    if len({table.timeframe for table in plan.tables}) != 1:
        raise ConfigurationError("the tapes have bars of several lengths", remedy="give one length")
    until = min(table.bar(len(table) - 1).end_time for table in plan.tables)
    listed: dict[str, Instrument] = {}
    runs = []
    for mode in MODES:
        runner = (
            _backtest(plan, list(listed.values()))
            if mode is Mode.BACKTEST
            else _live(plan, mode, plugins)
        )
        runner.add_analyzer(DecisionRecorder, _name=_RECORDER)
        runs.append(_run(runner, until))
        if not listed:
            known = runner.store.exchange.instruments()
            listed = {table.symbol: known[table.symbol] for table in plan.tables}
    return runs[::-1], listed


def _run(runner: TradingRunner, until: datetime) -> ModeRun:
    summary = runner.run()
    found: DecisionRecorder = runner.results[0].analyzers.getbyname(_RECORDER)
    decisions = [one for one in found.decisions if one.bar < until]
    return ModeRun(
        mode=runner.mode,
        bars=summary.bars,
        decisions=tuple(decisions),
        deals=tuple(deal for deal in found.deals if deal.order < len(decisions)),
        refusals=tuple(found.refusals),
        equity=summary.equity,
    )


def _backtest(plan: ParityPlan, listed: Sequence[Instrument]) -> TradingRunner:
    return TradingRunner(mode=Mode.BACKTEST, history=plan.tables, listed=listed, **_common(plan))


def _live(plan: ParityPlan, mode: Mode, plugins: PluginManager) -> TradingRunner:
    first = min(table.bar(0).open_time for table in plan.tables)
    runtime = VirtualRuntime(start=first)
    quote = common_quote([table.symbol for table in plan.tables])
    network = plugins.simulators[plan.exchange].open(
        SimulatedMarket(
            runtime=runtime,
            bars={table.symbol: tuple(table.bars()) for table in plan.tables},
            balances={quote: Decimal(repr(plan.cash))},
            fee=Decimal(repr(plan.commission)),
            spread=plan.spread,
            latency_ms=plan.latency_ms,
            apikey=_KEY,
            secret=_SECRET,
        )
    )
    return TradingRunner(
        plan.exchange,
        *((_KEY, _SECRET) if mode.signs else ()),
        mode=mode,
        endpoint="http://127.0.0.1:1",
        runtime=runtime,
        plugins=_Rerouted(network),
        paper_prices=PriceModel(spread=plan.spread or Decimal(0), slippage=Decimal(0)),
        warm_up=0,
        max_bars=len(plan.tables[0]),
        **_common(plan),
    )


def _common(plan: ParityPlan) -> dict[str, Any]:
    return {
        "symbols": [table.symbol for table in plan.tables],
        "timeframe": plan.tables[0].timeframe.value,
        "strategy_cls": plan.strategy_cls,
        "strategy_params": plan.strategy_params,
        "cash": plan.cash,
        "commission": plan.commission,
        "db_url": None,
        "sections": plan.sections,
    }


def _decision_of(order: Any) -> Decision:
    price = order.created.price
    return Decision(
        bar=_time(order.created.dt),
        symbol=str(getattr(order.data, "_rt_symbol", order.data._name)),
        side=order.ordtypename().lower(),
        type=order.getordername(),
        size=abs(order.created.size),
        price=None if order.exectype == bt.Order.Market else price,
    )


def _time(day_number: float) -> datetime:
    time: datetime = bt.num2date(day_number)
    whole = round(time.microsecond, -3)
    return (time.replace(microsecond=0) + timedelta(microseconds=whole)).replace(tzinfo=UTC)
