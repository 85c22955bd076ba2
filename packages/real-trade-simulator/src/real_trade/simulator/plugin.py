"""What the simulator offers to real-trade: its command."""

from __future__ import annotations

from real_trade.plugins.markers import hookimpl
from real_trade.plugins.values import CommandSpec, Network, SimulatedMarket, SimulatorSpec

__all__ = ["REAL_TRADE_API", "register_commands", "register_simulators"]

REAL_TRADE_API = (1, 0)


@hookimpl
def register_commands() -> list[CommandSpec]:
    """Offer `real-trade simulator`."""
    return [
        CommandSpec(
            name="simulator",
            target="real_trade.simulator.command:simulator_command",
            summary="Run a simulated Binance on loopback, with faults on demand.",
        )
    ]


@hookimpl
def register_simulators() -> list[SimulatorSpec]:
    """Offer Binance without a wire."""
    return [SimulatorSpec(name="binance", open=_open)]


def _open(market: SimulatedMarket) -> Network:
    from real_trade.simulator.inprocess import in_process_network

    return in_process_network(market)
