"""The command line. `main` is what `real-trade` runs; nothing heavy is imported before it is
needed."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run `real-trade` and leave the process with its exit code."""
    from real_trade.cli.app import run

    raise SystemExit(run())
