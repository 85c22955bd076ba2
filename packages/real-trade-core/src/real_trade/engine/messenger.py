"""What a person should know of a run, brought to those who deliver it: off the trading thread.

Messages wait in a bounded line; where delivery is slower than news, the oldest are dropped, and
counted.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Any

from real_trade.model import ConnectionChanged, ConnectionState, Mode, Order, OrderState
from real_trade.plugins import API_VERSION, Message, PluginManager, RunInfo, Severity, hookimpl
from real_trade.runtime import Runtime

__all__ = ["Messenger"]

_LOG = logging.getLogger("real_trade.engine.messages")
_MOST_WAITING = 200
_LOST_S = 30.0
_REFUSED = frozenset({OrderState.REJECTED, OrderState.DENIED})


class Messenger:
    """An observer that makes messages of what happens, and has the plugins deliver them.

    Attributes:
        dropped: how many messages were given up because too many waited.
    """

    REAL_TRADE_API = API_VERSION

    def __init__(self, plugins: PluginManager, runtime: Runtime, mode: Mode, bot: str) -> None:
        self.dropped = 0
        self._plugins = plugins
        self._runtime = runtime
        self._mode = mode
        self._bot = bot
        self._lane = runtime.lane("messages")
        self._waiting: deque[Message] = deque()
        self._lock = threading.Lock()
        self._lost: dict[Any, object] = {}

    def tell(
        self, severity: Severity, title: str, text: str = "", *, key: str = "", **details: Any
    ) -> None:
        """Queue a message; from any thread, and never waits."""
        message = Message(
            severity=severity,
            title=f"[{self._mode.value}] {self._bot}: {title}",
            text=text,
            key=key,
            time=self._runtime.clock.now(),
            mode=self._mode,
            details=details,
        )
        if not self._plugins.listens("deliver"):
            return
        with self._lock:
            if len(self._waiting) >= _MOST_WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append(message)
        self._lane.submit(self._deliver)

    def close(self, timeout_s: float = 5.0) -> None:
        """Deliver what waits, but not for longer than `timeout_s`."""
        if not self._lane.close(timeout_s):
            _LOG.warning("messages were still on their way after %g s", timeout_s)
        if self.dropped:
            _LOG.warning("%d messages were dropped: delivery is too slow", self.dropped)

    def _deliver(self) -> None:
        with self._lock:
            message = self._waiting.popleft() if self._waiting else None
        if message is not None:
            self._plugins.tell("deliver", message=message)

    # What is worth a message

    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        """A run began."""
        what = f"{run.strategy} on {', '.join(run.symbols)} {run.timeframe} at {run.exchange}"
        self.tell(Severity.INFO, "started", what, key="run")

    @hookimpl
    def run_stopped(self, run: RunInfo, reason: str) -> None:
        """A run ended."""
        self.tell(Severity.INFO, "stopped", f"{run.strategy}: {reason}", key="run")

    @hookimpl
    def trading_halted(self, reason: str) -> None:
        """Nothing leaves any more."""
        self.tell(Severity.CRITICAL, "trading is halted", reason, key="halt")

    @hookimpl
    def trading_resumed(self, by: str) -> None:
        """Orders leave again."""
        self.tell(Severity.WARNING, "trading goes on", f"lifted by {by}", key="halt")

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """An order was refused, or nobody knows what became of it."""
        what = f"{order.side.value} {order.intent.amount or ''} {order.symbol}".replace("  ", " ")
        if order.state in _REFUSED:
            key = f"refused {order.symbol} {order.reason}"
            self.tell(Severity.WARNING, f"order refused: {what}", order.reason, key=key)
        elif order.state is OrderState.UNKNOWN:
            self.tell(
                Severity.ERROR,
                f"order unknown: {what}",
                f"{order.client_order_id}: {order.reason}",
                key=order.client_order_id,
            )

    @hookimpl
    def fill_received(self, fill: Any, order: Order) -> None:
        """An order filled, in part or whole."""
        text = f"{fill.side.value} {fill.amount} {fill.symbol} at {fill.price}"
        self.tell(Severity.INFO, "fill", text, key=order.client_order_id, fee=str(fill.fee))

    @hookimpl
    def connection_changed(self, change: ConnectionChanged) -> None:
        """A stream was lost for long, or came back after that."""
        if change.state is ConnectionState.LOST:
            token = self._lost[change.channel] = object()
            late = lambda: self._still_lost(change, token)  # noqa: E731
            self._runtime.call_later(_LOST_S, late)
        elif change.state is ConnectionState.CONNECTED:
            self._lost.pop(change.channel, None)

    def _still_lost(self, change: ConnectionChanged, token: object) -> None:
        if self._lost.get(change.channel) is token:
            title = f"no {change.channel.value} stream for {_LOST_S:g} s"
            self.tell(Severity.ERROR, title, change.detail, key=f"lost {change.channel.value}")
