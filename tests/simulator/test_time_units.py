"""Microseconds on request, everywhere and never by halves."""

from __future__ import annotations

from typing import Any

MICRO = 10**15


def test_rest_answers_in_microseconds_by_header(desk: Any) -> None:
    headers = {"x-mbx-apikey": desk.key.key, "x-mbx-time-unit": "MICROSECOND"}

    def ask(path: str, query: str = "") -> Any:
        return desk.send("GET", path, query, headers=headers).body

    assert ask("/time") == {"serverTime": desk.now * 1000}
    assert ask("/trades", "symbol=BTCUSDT")[0]["time"] > MICRO
    row = ask("/klines", "symbol=BTCUSDT&interval=1m&limit=1")[0]
    assert row[0] % 60_000_000 == 0
    assert row[6] == row[0] + 59_999_999
    assert ask("/ticker/24hr", "symbol=BTCUSDT")["closeTime"] > MICRO
    headers["x-mbx-time-unit"] = "FORTNIGHT"
    assert ask("/time")["code"] == -1194


def test_streams_and_events_are_in_microseconds_by_parameter(desk: Any) -> None:
    names = "btcusdt@kline_1s/btcusdt@trade"
    _, session = desk.socket("/stream", f"streams={names}&timeUnit=MICROSECOND")
    _, plain = desk.socket("/stream", f"streams={names}")
    end, user = desk.socket("/ws-api/v3", "timeUnit=MICROSECOND")
    desk.api(end, "userDataStream.subscribe.signature", sign=True)
    desk.market()
    desk.wait(3)
    micro = [one["data"] for one in session.take()]
    milli = [one["data"] for one in plain.take()]
    assert [one["E"] for one in micro] == [one["E"] * 1000 for one in milli]
    bars = [one["k"] for one in micro if one["e"] == "kline"]
    assert all(bar["T"] == bar["t"] + 999_999 for bar in bars)
    trades = [one for one in micro if one["e"] == "trade"]
    assert all(one["T"] > MICRO > one["t"] for one in trades)
    reports = [one["event"] for one in user.take() if "event" in one]
    assert all(report["E"] > MICRO for report in reports)
    assert reports[0]["O"] > MICRO


def test_a_socket_with_another_unit_is_refused(desk: Any) -> None:
    session = desk.socket("/ws")[1]
    refused = desk.simulator.gateway.open_socket("/ws", "timeUnit=DAY", session, desk.ip)
    assert refused.status == 404
