"""Metrics as Prometheus would read them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from real_trade.model import (
    Channel,
    ConnectionChanged,
    ConnectionState,
    Fill,
    Market,
    Mode,
    Order,
    OrderIntent,
    OrderState,
    OrderType,
    Position,
    Side,
)
from real_trade.monitor import HealthChecker
from real_trade.monitor.metrics import Metrics, MetricsServer
from real_trade.plugins import AccountView, HealthState, PluginManager, RunInfo
from real_trade.runtime import SystemRuntime
from real_trade.utils.errors import ConfigurationError

START = datetime(2026, 3, 1, tzinfo=UTC)


def values(text):
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def order(state):
    intent = OrderIntent(
        client_order_id="rt-1",
        symbol="BTC/USDT",
        side=Side.BUY,
        type=OrderType.MARKET,
        amount=1,
        created_at=START,
    )
    return Order(intent=intent, state=state)


def fill(fee):
    return Fill(
        trade_id="1",
        symbol="BTC/USDT",
        client_order_id="rt-1",
        exchange_order_id="1",
        side=Side.BUY,
        amount=1,
        price=100,
        fee=fee,
        fee_asset="USDT",
        time=START,
    )


@pytest.fixture
def told():
    """A run's hooks, told by a real plugin manager."""
    plugins, metrics = PluginManager(), Metrics()
    assert plugins.register("metrics", metrics).status.value == "loaded"
    run = RunInfo(
        run_id="r",
        mode=Mode.TESTNET,
        exchange="binance",
        market=Market.SPOT,
        symbols=("BTC/USDT",),
        timeframe="1m",
        strategy="Mine",
        started_at=START,
        bot="mybot",
    )
    plugins.tell("run_started", run=run)
    for equity in (1000, 1200, 900):
        plugins.tell(
            "account_updated",
            account=AccountView(
                mode=Mode.TESTNET,
                time=START,
                cash=500,
                equity=equity,
                positions={"BTC/USDT": Position(symbol="BTC/USDT", amount="-0.5", entry_price=1)},
            ),
        )
    states = (OrderState.SUBMITTED, OrderState.ACCEPTED, OrderState.ACCEPTED, OrderState.FILLED)
    for state in states:
        plugins.tell("order_updated", order=order(state))
    plugins.tell("fill_received", fill=fill("0.25"), order=order(OrderState.FILLED))
    plugins.tell("fill_received", fill=fill("-0.1"), order=order(OrderState.FILLED))
    for state in (ConnectionState.CONNECTED, ConnectionState.LOST):
        plugins.tell(
            "connection_changed",
            change=ConnectionChanged(channel=Channel.BARS, state=state, time=START),
        )
    plugins.tell("trading_halted", reason="drawdown")
    return metrics


def test_a_run_is_counted(told):
    found = values(told.text().decode())
    assert found["realtrade_run_info", "mybot", "binance", "testnet", "Mine"] == 1
    assert found["realtrade_equity",] == 900
    assert found["realtrade_drawdown_ratio",] == pytest.approx(0.25)
    assert found["realtrade_position", "BTC/USDT"] == -0.5
    assert found["realtrade_orders_total", "accepted"] == 1
    assert found["realtrade_orders_total", "filled"] == 1
    assert found["realtrade_fills_total", "buy", "BTC/USDT"] == 2
    assert found["realtrade_fees_total", "USDT"] == 0.25
    assert found["realtrade_stream_up", "bars"] == 0
    assert found["realtrade_stream_losses_total", "bars"] == 1
    assert found["realtrade_halted",] == 1


@pytest.fixture
def served(told):
    runtime, health = SystemRuntime(), HealthChecker()
    server = MetricsServer(told, runtime, health)
    yield server, health
    server.close()
    runtime.close()


def get(server, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_prometheus_reads_it_over_http(served):
    status, text = get(served[0], "/metrics")
    assert status == 200
    assert values(text)["realtrade_equity",] == 900


def test_healthz_and_readyz_are_two_answers(served):
    server, health = served
    assert get(server, "/healthz")[0] == 503
    health.record("store", HealthState.FAIL, "not connected")
    assert (get(server, "/healthz")[0], get(server, "/readyz")[0]) == (200, 503)
    health.record("store", HealthState.OK)
    assert get(server, "/readyz") == (200, "ok\n")
    assert get(server, "/../etc/passwd")[0] == 404


def test_h23_it_listens_on_loopback_only(told):
    with pytest.raises(ConfigurationError, match="open to the network"):
        MetricsServer(told, SystemRuntime(), host="0.0.0.0")


def test_a_taken_port_is_told(served, told):
    with pytest.raises(ConfigurationError, match="cannot be served"):
        MetricsServer(told, SystemRuntime(), port=served[0].port)


def test_every_panel_of_the_grafana_dashboard_asks_for_a_metric_that_is_there(told):
    path = Path(__file__).parents[3] / "docs" / "grafana" / "real-trade.json"
    dashboard = json.loads(path.read_text(encoding="utf-8"))
    known = {
        family.name + suffix
        for family in text_string_to_metric_families(told.text().decode())
        for suffix in ("", "_total")
    }
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"realtrade_\w+", target["expr"])
    }
    assert len(dashboard["panels"]) >= 10
    assert asked <= known
