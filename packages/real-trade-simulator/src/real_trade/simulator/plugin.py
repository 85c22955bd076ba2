"""What the simulator offers to real-trade: its command."""

from __future__ import annotations

from real_trade.plugins.markers import hookimpl
from real_trade.plugins.values import CommandSpec

__all__ = ["REAL_TRADE_API", "register_commands"]

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
