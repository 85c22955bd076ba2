"""The hooks. Each docstring says when it is called, on which thread, what the answer means, and
what a failure does. `docs/reference/hooks.md` has one heading for each, with its exact signature.
"""

from __future__ import annotations

from real_trade.model import Bar, ConnectionChanged, Fill, Instrument, Order, OrderIntent
from real_trade.plugins.markers import hookspec
from real_trade.plugins.values import (
    AccountView,
    CommandSpec,
    Denial,
    ExchangeSpec,
    Message,
    RunInfo,
    SimulatorSpec,
    StrategySpec,
)

__all__ = ["GUARDS", "OBSERVERS", "PROVIDERS"]

PROVIDERS = frozenset(
    {
        "register_exchanges",
        "register_strategies",
        "register_config",
        "register_commands",
        "register_simulators",
        "register_health_checks",
    }
)
GUARDS = frozenset({"check_order", "check_cancel"})
OBSERVERS = frozenset(
    {
        "run_started",
        "run_stopped",
        "order_updated",
        "fill_received",
        "bar_closed",
        "account_updated",
        "connection_changed",
        "trading_halted",
        "trading_resumed",
        "report_ready",
        "deliver",
    }
)


@hookspec
def register_exchanges() -> list[ExchangeSpec]:  # type: ignore[empty-body]  # a specification
    """Return the exchanges this plugin offers.

    Asked once, when plugins are loaded, on the loading thread. A failure disables the plugin; a
    name that another plugin has taken disables the later one, in order of names.
    """


@hookspec
def register_strategies() -> list[StrategySpec]:  # type: ignore[empty-body]  # a specification
    """Return the strategies this plugin offers by name.

    Asked once, when plugins are loaded, on the loading thread. A failure disables the plugin.
    """


@hookspec
def register_config() -> dict[str, type]:  # type: ignore[empty-body]  # a specification
    """Return the plugin's configuration sections: section name to an attrs class.

    Asked once, when plugins are loaded, on the loading thread. A failure disables the plugin.
    """


@hookspec
def register_commands() -> list[CommandSpec]:  # type: ignore[empty-body]  # a specification
    """Return commands for `real-trade`.

    Asked once, when plugins are loaded, on the loading thread. The target is imported only when the
    command runs. A failure disables the plugin.
    """


@hookspec
def register_simulators() -> list[SimulatorSpec]:  # type: ignore[empty-body]  # a specification
    """Return the simulators this plugin offers, by the exchange whose protocol each speaks.

    Asked once, when plugins are loaded, on the loading thread. A failure disables the plugin.
    """


@hookspec
def register_health_checks() -> dict[str, object]:  # type: ignore[empty-body]  # a specification
    """Return health checks: name to a function of no arguments that returns `Health`.

    Asked once, when plugins are loaded. The functions run on Cerebro's thread, at most once a
    second, and must not block. A failure of this hook disables the plugin; a function that fails
    counts as a failed check.
    """


@hookspec
def check_order(intent: OrderIntent, account: AccountView, instrument: Instrument) -> Denial | None:
    """Return a `Denial` to stop an order, or None to let it pass.

    Called before every order in every mode, backtest included, on Cerebro's thread, after rounding
    and before the journal. All guards are asked; the first denial in order of plugin names counts.
    A failure, or an answer of another type, denies the order.
    """


@hookspec
def check_cancel(order: Order, account: AccountView) -> Denial | None:
    """Return a `Denial` to stop a cancel, or None to let it pass.

    Called before every cancel that a strategy asks for, on Cerebro's thread; never for cancels by a
    person or by the kill switch. A failure, or an answer of another type, denies the cancel.
    """


@hookspec
def run_started(run: RunInfo) -> None:
    """Tell that a run has begun, before its first bar.

    Called on Cerebro's thread. A failure is logged; five in a row mute the plugin's observers.
    """


@hookspec
def run_stopped(run: RunInfo, reason: str) -> None:
    """Tell that a run has ended, and why.

    Called on Cerebro's thread, after the strategy stopped. A failure is logged.
    """


@hookspec
def order_updated(order: Order) -> None:
    """Tell that an order changed its state or filled.

    Called on Cerebro's thread, after the strategy's notification. A failure is logged; five in a
    row mute the plugin's observers.
    """


@hookspec
def fill_received(fill: Fill, order: Order) -> None:
    """Tell of one fill, once.

    Called on Cerebro's thread, before `order_updated`. A failure is logged; five in a row mute the
    plugin's observers.
    """


@hookspec
def bar_closed(bar: Bar) -> None:
    """Tell of a closed bar that reached the strategy live; history is not told.

    Called on Cerebro's thread. A failure is logged; five in a row mute the plugin's observers.
    """


@hookspec
def account_updated(account: AccountView) -> None:
    """Tell what the account holds and is worth, at every live bar and at a change between bars.

    Called on Cerebro's thread, before `bar_closed` of the same bar, and at most once a second in a
    live run. A failure is logged; five in a row mute the plugin's observers.
    """


@hookspec
def connection_changed(change: ConnectionChanged) -> None:
    """Tell that a stream came or went.

    Called on Cerebro's thread. A failure is logged; five in a row mute the plugin's observers.
    """


@hookspec
def trading_halted(reason: str) -> None:
    """Tell that trading was halted: no order leaves until a person says so.

    Called on Cerebro's thread. A failure is logged; this hook is told to muted plugins too.
    """


@hookspec
def trading_resumed(by: str) -> None:
    """Tell that a person lifted what held trading back: a plugin lifts its own halts too.

    Called on Cerebro's thread. A failure is logged; this hook is told to muted plugins too.
    """


@hookspec
def report_ready(summary: dict[str, object]) -> None:
    """Tell the summary of a run that ended; plain values that JSON can hold.

    Called on Cerebro's thread. A failure is logged.
    """


@hookspec
def deliver(message: Message) -> None:
    """Bring a message to a person.

    Called on a thread of its own behind a bounded queue: it may block, but one message at a time. A
    failure is logged and counted; the run goes on.
    """
