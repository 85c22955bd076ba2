"""Settings: from the environment, from a dict, to a file and back; keys never show.

python -m real_trade.examples.config_example
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from real_trade.examples._script import script
from real_trade.utils.config import GlobalConfig

__all__ = ["main"]


def main() -> GlobalConfig:
    """Print settings made in three ways; returns the ones that were written and read again."""
    print("from RT_... of the environment:")
    print(f"  {GlobalConfig.from_env('RT_')!r}")
    made = GlobalConfig(symbol="ETH/USDT", timeframe="15m", initial_cash=5000.0, apikey="hidden")
    print("made here, with a key that does not show:")
    print(f"  {made!r}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.json"
        made.save(path)
        print("as a file holds it:")
        print(path.read_text(encoding="utf-8"))
        return GlobalConfig.from_json(path)


if __name__ == "__main__":
    script(main)
