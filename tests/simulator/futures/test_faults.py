"""Faults reach the futures markets by their paths."""

from __future__ import annotations

from typing import Any


def test_a_lost_reply_leaves_the_order_on_the_exchange(usdm: Any) -> None:
    rule = usdm.desk.fault("POST /usdm/fapi/v1/order", "drop_response")
    assert rule.status == 200, rule.body
    lost = usdm.limit(newClientOrderId="lost-1")
    assert lost.reply.delivery.lost
    found = usdm.signed("GET", "/v1/order", symbol="BTCUSDT", origClientOrderId="lost-1").body
    assert found["status"] == "NEW"


def test_a_rule_for_one_market_leaves_the_other_alone(usdm: Any) -> None:
    coinm = type(usdm)(usdm.desk, "coinm")
    usdm.desk.fault("GET /usdm/fapi/v1/ping", "status", status=503)
    assert usdm.get("/v1/ping").status == 503
    assert coinm.get("/v1/ping").status == 200
    assert usdm.desk.ask("GET", "/ping").status == 200
