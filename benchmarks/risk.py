"""What the guards add to an order, with every limit on: one JSON object.

`order` is a whole `check_order` through the plugin manager; `bare` is the same call answered by a
guard that lets everything pass. Times are the thread's own (CPU), so that what else the machine
does stays out; all come from the same run.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from real_trade.model import (
    Bar,
    Instrument,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Position,
    Side,
    Timeframe,
)
from real_trade.plugins import AccountView, PluginManager, hookimpl
from real_trade.risk import FileStateStore, Limits, RiskGuard

ORDERS = 5000
OPEN_ORDERS = 10
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
SYMBOLS = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
LIMITS = Limits(
    max_order_value=50_000,
    max_order_pct="50%",
    max_position_value=900_000,
    max_position_pct="90%",
    max_total_value=2_000_000,
    max_total_pct="100%",
    max_leverage="3x",
    max_price_deviation="5%",
    slippage_pct="0.1%",
    max_volume_pct="100%",
    max_order_rate=["50/1s", "5000/1m"],
    max_cancel_rate="100/1m",
    max_daily_turnover=10**12,
    max_daily_trades=10_000_000,
    max_daily_loss=500_000,
    max_daily_loss_pct="50%",
    max_trade_loss=500_000,
    max_trade_loss_pct="40%",
    stop_loss_pct="10%",
    max_drawdown_pct="60%",
    min_free_balance=1,
    min_free_balance_pct="0.01%",
    min_liquidation_distance="5%",
    allowed_symbols=SYMBOLS,
    allowed_sides=["buy", "sell"],
    trading_hours="00:00-24:00",
    protections=[{"kind": "cooldown"}, {"kind": "stoploss_guard"}],
    runaway="10000/1s",
)


class Bare:
    """A guard that lets everything pass."""

    REAL_TRADE_API = (1, 0)

    @hookimpl
    def check_order(
        self, intent: OrderIntent, account: AccountView, instrument: Instrument
    ) -> None:
        """Let the order pass."""


def instrument(symbol: str) -> Instrument:
    """Return a linear perpetual."""
    return Instrument(
        symbol=symbol,
        native=symbol[:3] + "USDT",
        base=symbol[:3],
        quote="USDT",
        settle="USDT",
        market=Market.FUTURE,
        price_step="0.01",
        amount_step="0.001",
        taker_fee="0.0005",
    )


def intent(name: str, now: datetime, symbol: str = SYMBOLS[0]) -> OrderIntent:
    """Return a limit order to buy."""
    return OrderIntent(
        client_order_id=name,
        symbol=symbol,
        side=Side.BUY,
        type=OrderType.LIMIT,
        amount="0.001",
        price="99.5",
        created_at=now,
    )


def view(now: datetime) -> AccountView:
    """Return an account with three positions and some open orders."""
    resting = tuple(
        Order(
            intent=intent(f"open-{number}", START, SYMBOLS[number % 3]), state=OrderState.ACCEPTED
        )
        for number in range(OPEN_ORDERS)
    )
    positions = {
        symbol: Position(
            symbol=symbol, amount="3", entry_price="90", liquidation_price="10", leverage="5"
        )
        for symbol in SYMBOLS
    }
    prices = dict.fromkeys(SYMBOLS, (Decimal(100), now))
    return AccountView(
        mode=Mode.LIVE,
        time=now,
        cash="1000000",
        equity="1000000",
        positions=positions,
        open_orders=resting,
        reference_prices=prices,
    )


def timed(plugins: PluginManager, after: Callable[[OrderIntent], None]) -> list[float]:
    """Return the microseconds of each order; every one is over before the next."""
    traded = instrument(SYMBOLS[0])
    spent = []
    for number in range(ORDERS):
        now = START + timedelta(seconds=number)
        order, account = intent(f"rt-{number}", now), view(now)
        begin = time.thread_time_ns()
        denial = plugins.check_order(order, account, traded)
        spent.append((time.thread_time_ns() - begin) / 1000)
        if denial is not None:
            raise SystemExit(f"denied, so this measures nothing: {denial}")
        after(order)
    return sorted(spent)


def with_guard(guard: RiskGuard) -> list[float]:
    """Return the microseconds of orders that pass `guard`."""
    plugins = PluginManager([], {})
    plugins.register("risk", guard)
    for symbol in SYMBOLS:
        guard.memory.learn(instrument(symbol))
        price = "100"
        guard.bar_closed(
            Bar(
                symbol=symbol,
                timeframe=Timeframe.M1,
                open_time=START - timedelta(minutes=1),
                open=price,
                high=price,
                low=price,
                close=price,
                volume="1000",
            )
        )
    return timed(
        plugins,
        lambda order: guard.order_updated(Order(intent=order, state=OrderState.CANCELED)),
    )


def figures(name: str, spent: list[float]) -> dict[str, float]:
    """Return median and 99th percentile."""
    return {
        f"{name}_p50_us": round(spent[len(spent) // 2], 2),
        f"{name}_p99_us": round(spent[len(spent) * 99 // 100], 2),
    }


def main() -> None:
    """Measure in memory, with a file, and without limits."""
    plugins = PluginManager([], {})
    plugins.register("bare", Bare())
    bare = timed(plugins, lambda _: None)
    memory = with_guard(RiskGuard(LIMITS))
    with tempfile.TemporaryDirectory() as folder:
        store = FileStateStore(Path(folder) / "risk.json")
        kept = with_guard(RiskGuard(LIMITS, store))
        store.close()
    result = {
        "benchmark": "risk",
        "orders": ORDERS,
        "open_orders": OPEN_ORDERS,
        "limits": len(LIMITS.configured),
        **figures("bare", bare),
        **figures("order", memory),
        **figures("order_with_file", kept),
        "ratio_p50": round(memory[ORDERS // 2] / bare[ORDERS // 2], 1),
        "added_p99_us": round(kept[ORDERS * 99 // 100] - bare[ORDERS * 99 // 100], 2),
        "goal_added_p99_us": 100,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
