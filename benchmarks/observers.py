"""What observers add to an order while every channel hangs; one JSON object.

`order` is all that Cerebro's thread does to tell of one order and its fill: the run's log, the
messages to people, metrics and the performance tracker, with two webhooks that take a connection
and never answer. `bare` is the same without observers. Both come from the same run; a second figure
gives the thread's own CPU time, which other load does not touch.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from real_trade.engine.messenger import Messenger
from real_trade.model import (
    Fill,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Side,
)
from real_trade.monitor import PerformanceTracker
from real_trade.monitor.metrics import Metrics
from real_trade.notifications import plugin as notifications
from real_trade.notifications.settings import NotificationSettings
from real_trade.plugins import PluginManager, RunInfo, hookimpl
from real_trade.runtime import SystemRuntime
from real_trade.storage.runs import RunLog, RunRecord

ORDERS = 3000
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANNELS = ("first", "second")


class Writer:
    """Brings orders and fills into the run's log, as a run's own observer does."""

    REAL_TRADE_API = (1, 0)

    def __init__(self, log: RunLog) -> None:
        self._log = log

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """Keep an order."""
        self._log.order(order)

    @hookimpl
    def fill_received(self, fill: Fill) -> None:
        """Keep a fill."""
        self._log.fill(fill)


def order(number: int) -> tuple[Order, Fill]:
    """Return a filled order."""
    intent = OrderIntent(
        client_order_id=f"rt-{number}",
        symbol="BTC/USDT",
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount=Decimal("0.01"),
        price=Decimal(60000),
        created_at=NOW,
    )
    fill = Fill(
        trade_id=str(number),
        symbol="BTC/USDT",
        client_order_id=intent.client_order_id,
        exchange_order_id=str(number),
        side=Side.BUY,
        amount=Decimal("0.01"),
        price=Decimal(60000),
        fee=Decimal("0.6"),
        fee_asset="USDT",
        time=NOW,
    )
    return Order(intent=intent, state=OrderState.FILLED, fills=(fill,), updated_at=NOW), fill


def timed(plugins: PluginManager, first: int) -> tuple[list[float], list[float]]:
    """Return microseconds of each order: by the clock, and of this thread's CPU."""
    walls, own = [], []
    for number in range(first, first + ORDERS):
        told, fill = order(number)
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        plugins.tell("fill_received", fill=fill, order=told)
        plugins.tell("order_updated", order=told)
        own.append((time.thread_time_ns() - cpu) / 1000)
        walls.append((time.perf_counter_ns() - wall) / 1000)
        time.sleep(0.0005)  # other threads run between two orders, as they do in a bot
    return sorted(walls), sorted(own)


def figures(name: str, spent: list[float]) -> dict[str, float]:
    """Return median and 99th percentile."""
    return {
        f"{name}_p50_us": round(spent[len(spent) // 2], 1),
        f"{name}_p99_us": round(spent[len(spent) * 99 // 100], 1),
    }


def main() -> None:
    """Measure without observers, then with all of them."""
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.create_server(("127.0.0.1", 0)) as silent,
    ):
        port = silent.getsockname()[1]
        os.environ["XDG_STATE_HOME"] = folder
        for channel in CHANNELS:
            os.environ[f"RT_NOTIFY_{channel.upper()}"] = f"json://127.0.0.1:{port}/{channel}"
        print(json.dumps(measure(Path(folder))))


def measure(folder: Path) -> dict[str, object]:
    """Return the figures."""
    bare = timed(PluginManager([], {}), 0)
    runtime = SystemRuntime()
    settings = NotificationSettings(channels=CHANNELS, allow_private_webhooks=True)
    run = RunInfo(
        run_id="run",
        bot="bench",
        mode=Mode.TESTNET,
        exchange="binance",
        market=Market.SPOT,
        symbols=("BTC/USDT",),
        timeframe="1m",
        strategy="Bench",
        started_at=NOW,
        sections={"notifications": settings},
    )
    record = RunRecord(
        run_id="run",
        bot="bench",
        mode=Mode.TESTNET,
        exchange="binance",
        market="spot",
        symbols=("BTC/USDT",),
        timeframe="1m",
        strategy="Bench",
        pid=os.getpid(),
        host="here",
        started_at=NOW,
        heartbeat_at=NOW,
    )
    log = RunLog(f"sqlite:///{folder / 'store.sqlite'}", runtime, record)
    log.start()
    plugins = PluginManager([], {})
    messenger = Messenger(plugins, runtime, run.mode, run.bot)
    observers = {
        "log": Writer(log),
        "messages": messenger,
        "metrics": Metrics(),
        "tracker": PerformanceTracker(),
        "notifications": notifications,
    }
    for name, plugin in observers.items():
        plugins.register(name, plugin)
    plugins.tell("run_started", run=run)
    whole = timed(plugins, ORDERS)
    plugins.tell("run_stopped", run=run, reason="done")
    messenger.close()
    log.close()
    runtime.close()
    return {
        "benchmark": "observers",
        "orders": ORDERS,
        **figures("bare", bare[0]),
        **figures("order", whole[0]),
        **figures("order_cpu", whole[1]),
        "added_p99_us": round(figures("x", whole[0])["x_p99_us"] - bare[0][ORDERS * 99 // 100], 1),
        "goal_added_p99_us": 1000,
    }


if __name__ == "__main__":
    main()
