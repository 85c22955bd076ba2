"""`python -m real_trade.simulator`: the same as `real-trade simulator`."""

from __future__ import annotations

from real_trade.simulator.command import simulator_command

if __name__ == "__main__":
    simulator_command(prog_name="python -m real_trade.simulator")
