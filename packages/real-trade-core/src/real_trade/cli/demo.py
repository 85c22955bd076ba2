"""`real-trade demo`: a strategy trades on the simulated exchange, with two things going wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.exits import Exit
from real_trade.cli.output import output_option, print_json, print_table
from real_trade.model import ConnectionChanged, ConnectionState
from real_trade.plugins import API_VERSION, hookimpl

if TYPE_CHECKING:
    from real_trade.cli.simulated import SimulatedExchange
    from real_trade.engine import RunSummary, TradingRunner

__all__ = ["demo"]

_CUT_AT = 0.4  # of the bars


@click.command()
@click.option("--bars", default=60, show_default=True, help="Live one-second bars to trade on.")
@click.option("--seed", default=7, show_default=True, help="Which market the simulator generates.")
@click.option("--symbol", default="BTC/USDT", show_default=True, help="What to trade.")
@output_option
@click.pass_context
def demo(ctx: click.Context, bars: int, seed: int, symbol: str, output: str) -> None:
    """Watch a strategy trade on the built-in simulated exchange, over REST and websockets.

    On the way one connection is cut and one order fills in parts, on purpose. At the end the books
    are compared with the exchange's own ledger. Ends after --bars, or with Ctrl-C.
    """
    from real_trade.cli.runs import leave
    from real_trade.cli.simulated import simulated_exchange
    from real_trade.utils.errors import ConfigurationError

    if bars < 5:
        raise ConfigurationError(f"--bars must be 5 or more, not {bars}")
    with simulated_exchange(seed) as exchange:
        runner, told = _trade(exchange, bars, symbol)
    if output == "json":
        print_json(told)
    else:
        rows = [(key.replace("_", " "), value) for key, value in told.items()]
        print_table("Demonstration", ("figure", "value"), rows)
    if not told["ledger_matches"]:
        ctx.exit(int(Exit.MISMATCH))
    leave(ctx, runner)


def _trade(
    exchange: SimulatedExchange, bars: int, symbol: str
) -> tuple[TradingRunner, dict[str, Any]]:
    from real_trade.cli.runs import watch
    from real_trade.engine import TradingRunner
    from real_trade.examples.demo_strategy import DemoStrategy
    from real_trade.model import Mode
    from real_trade.plugins import PluginManager

    plugins = PluginManager()
    cuts = _CutCounter()
    plugins.register("demo", cuts)
    cut_at = max(2, int(bars * _CUT_AT))

    def on_bar(count: int) -> None:
        if count == cut_at:
            exchange.add_fault({"on": "socket:*", "when": {"times": 1}, "do": "close_sockets"})

    runner = TradingRunner(
        apikey=exchange.apikey.reveal(),
        secret=exchange.secret.reveal(),
        symbol=symbol,
        timeframe="1s",
        strategy_cls=DemoStrategy,
        mode=Mode.TESTNET,
        endpoint=exchange.endpoint,
        warm_up=30,
        max_bars=bars,
        plugins=plugins,
        on_bar=on_bar,
        db_url=None,  # nobody's bot: it shall not stand among the user's own
    )
    exchange.add_fault({"on": "order:*", "when": {"nth": 1}, "do": "partial_fill"})
    summary = watch(runner, plugins, f"DemoStrategy {symbol} 1s on the simulated exchange")
    return runner, _told(runner, summary, cuts, exchange.ledger())


class _CutCounter:
    """Counts cuts of the bar stream that were recovered from."""

    REAL_TRADE_API = API_VERSION

    def __init__(self) -> None:
        self.recovered = 0
        self._lost = False

    @hookimpl
    def connection_changed(self, change: ConnectionChanged) -> None:
        """A stream came or went."""
        if change.state is ConnectionState.LOST:
            self._lost = True
        elif change.state is ConnectionState.CONNECTED and self._lost:
            self._lost = False
            self.recovered += 1


def _told(
    runner: TradingRunner, summary: RunSummary, cuts: _CutCounter, ledger: dict[str, Any]
) -> dict[str, Any]:
    differences = _differences(runner, ledger)
    return {
        "mode": runner.mode.value,
        "symbol": runner.symbol,
        "timeframe": runner.timeframe,
        "bars": summary.bars,
        "orders": summary.orders,
        "fills": sum(len(order.fills) for order in runner.store.desk.orders.values()),
        "trades": summary.trades,
        "position": summary.position,
        "cash": summary.cash,
        "equity": summary.equity,
        "disconnects_recovered": cuts.recovered,
        "partial_fills": summary.partial_fills,
        "ledger_matches": not differences,
        "differences": differences,
    }


def _differences(runner: TradingRunner, ledger: dict[str, Any]) -> list[str]:
    """Return what our books and the exchange's ledger do not agree on, to the last unit."""
    truth = ledger["accounts"]["default"]["spot"]
    ours = {name: order for name, order in runner.store.desk.orders.items() if order.state.was_sent}
    theirs = {order["client_order_id"]: order for order in truth["orders"]}
    found = [f"order {name} is only here" for name in sorted(ours.keys() - theirs.keys())]
    found += [f"order {name} is only there" for name in sorted(theirs.keys() - ours.keys())]
    found += [
        f"order {name}: filled {ours[name].filled} here, {theirs[name]['filled']} there"
        for name in sorted(ours.keys() & theirs.keys())
        if ours[name].filled != Decimal(theirs[name]["filled"])
    ]
    trades = {fill.trade_id for order in ours.values() for fill in order.fills}
    found += [
        f"fill {fill['trade_id']} is missing"
        for fill in truth["fills"]
        if str(fill["trade_id"]) not in trades
    ]
    there = {
        asset: Decimal(held["free"]) + Decimal(held["locked"])
        for asset, held in truth["balances"].items()
    }
    here = runner.store.books.balances()
    found += [
        f"{asset}: {here.get(asset, 0)} here, {there.get(asset, 0)} there"
        for asset in sorted(here.keys() | there.keys())
        if here.get(asset, 0) != there.get(asset, 0)
    ]
    return found
