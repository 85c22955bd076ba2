"""Prometheus metrics of a run, with `/healthz` and `/readyz`, on loopback."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from real_trade.model import (
    Bar,
    ConnectionChanged,
    ConnectionState,
    Fill,
    Order,
    OrderState,
)
from real_trade.monitor.health import HealthChecker
from real_trade.plugins import API_VERSION, AccountView, RunInfo, hookimpl
from real_trade.runtime import Lane, Runtime
from real_trade.utils.errors import ConfigurationError

__all__ = ["Metrics", "MetricsServer"]

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_PATIENCE_S = 5.0


class Metrics:
    """Counts what a run does. Register it with the run's plugins; money is in quote units."""

    REAL_TRADE_API = API_VERSION

    def __init__(self) -> None:
        self.collectors = CollectorRegistry()
        self._seen: dict[str, OrderState] = {}
        self._run = self._gauge("run_info", "The run.", "bot", "mode", "exchange", "strategy")
        self._started = self._gauge("run_start_time_seconds", "When the run began.")
        self._equity = self._gauge("equity", "What the account is worth, in quote units.")
        self._cash = self._gauge("cash", "Free cash, in quote units.")
        self._peak = 0.0
        self._fall = self._gauge("drawdown_ratio", "Fall of the equity from its peak.")
        self._position = self._gauge("position", "Signed amount held.", "symbol")
        self._open = self._gauge("open_orders", "Orders that may still rest.")
        self._orders = self._counter("orders", "Orders by what became of them.", "state")
        self._fills = self._counter("fills", "Fills.", "symbol", "side")
        self._fees = self._counter("fees", "Fees paid; rebates are left out.", "asset")
        self._bars = self._counter("bars", "Closed bars that reached the strategy.", "symbol")
        self._bar_time = self._gauge("last_bar_time_seconds", "End of the last bar.", "symbol")
        self._up = self._gauge("stream_up", "Whether a stream is connected.", "channel")
        self._lost = self._counter("stream_losses", "Lost connections.", "channel")
        self._halted = self._gauge("halted", "Whether trading is halted.")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"realtrade_{name}", text, labels, registry=self.collectors)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"realtrade_{name}", text, labels, registry=self.collectors)

    def text(self) -> bytes:
        """Return the exposition for Prometheus."""
        return generate_latest(self.collectors)

    @hookimpl
    def run_started(self, run: RunInfo) -> None:
        """Say which run this is."""
        self._run.labels(run.bot, run.mode.value, run.exchange, run.strategy).set(1)
        self._started.set(run.started_at.timestamp())
        self._halted.set(0)

    @hookimpl
    def account_updated(self, account: AccountView) -> None:
        """Follow the account."""
        equity = float(account.equity)
        self._equity.set(equity)
        self._cash.set(float(account.cash))
        self._peak = max(self._peak, equity)
        self._fall.set(1 - equity / self._peak if self._peak > 0 else 0.0)
        self._open.set(len(account.open_orders))
        for symbol, position in account.positions.items():
            self._position.labels(symbol).set(float(position.amount))

    @hookimpl
    def order_updated(self, order: Order) -> None:
        """Count each state that an order enters once."""
        name = order.client_order_id
        if self._seen.get(name) is order.state:
            return
        self._orders.labels(order.state.value).inc()
        if order.state.is_terminal:
            self._seen.pop(name, None)
        else:
            self._seen[name] = order.state

    @hookimpl
    def fill_received(self, fill: Fill) -> None:
        """Count a fill and its fee."""
        self._fills.labels(fill.symbol, fill.side.value).inc()
        if fill.fee > 0:
            self._fees.labels(fill.fee_asset).inc(float(fill.fee))

    @hookimpl
    def bar_closed(self, bar: Bar) -> None:
        """Count a bar."""
        self._bars.labels(bar.symbol).inc()
        self._bar_time.labels(bar.symbol).set(bar.end_time.timestamp())

    @hookimpl
    def connection_changed(self, change: ConnectionChanged) -> None:
        """Follow the streams."""
        channel = change.channel.value
        self._up.labels(channel).set(change.state is ConnectionState.CONNECTED)
        if change.state is ConnectionState.LOST:
            self._lost.labels(channel).inc()

    @hookimpl
    def trading_halted(self) -> None:
        """Nothing leaves any more."""
        self._halted.set(1)

    @hookimpl
    def trading_resumed(self) -> None:
        """Orders leave again."""
        self._halted.set(0)


class MetricsServer:
    """Serves `/metrics`, `/healthz` (alive) and `/readyz` (nothing failed) until closed.

    Args:
        host: an address of this machine's loopback: the figures are nobody else's business.
        port: 0 for any free one.

    Raises:
        ConfigurationError: the address is not loopback, or the port is taken.
    """

    def __init__(
        self,
        metrics: Metrics,
        runtime: Runtime,
        health: HealthChecker | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        if not ip_address(host).is_loopback:
            raise ConfigurationError(
                f"metrics would be open to the network at {host}",
                remedy="use 127.0.0.1, and a proxy with a password to reach it from elsewhere",
            )
        try:
            self._http = _Http((host, port), metrics, health)
        except OSError as error:
            raise ConfigurationError(
                f"metrics cannot be served on port {port}: {error.strerror}",
                remedy="choose another port, or 0 for any",
            ) from error
        self._lane: Lane = runtime.lane("metrics")
        self._lane.submit(self._http.serve_forever)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self._http.server_address[1])

    def close(self) -> None:
        """Stop serving."""
        self._http.shutdown()
        self._http.server_close()
        self._lane.close()


class _Http(HTTPServer):
    def __init__(
        self, address: tuple[str, int], metrics: Metrics, health: HealthChecker | None
    ) -> None:
        super().__init__(address, _Answers)
        self.metrics = metrics
        self.health = health


class _Answers(BaseHTTPRequestHandler):
    server: _Http
    timeout = _PATIENCE_S  # one slow reader must not keep the others waiting for long
    server_version = "real-trade"
    sys_version = ""

    def do_GET(self) -> None:
        health = self.server.health
        if self.path == "/metrics":
            self._answer(200, self.server.metrics.text(), _TEXT)
        elif self.path == "/healthz":
            self._tell(health is None or health.liveness())
        elif self.path == "/readyz":
            self._tell(health is not None and health.readiness())
        else:
            self._answer(404, b"not found\n")

    def _tell(self, well: bool) -> None:
        self._answer(200 if well else 503, b"ok\n" if well else b"failed\n")

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing: a scrape every few seconds is no news."""
