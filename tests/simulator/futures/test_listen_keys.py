"""Listen keys of both futures markets over REST."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(params=["usdm", "coinm"])
def futures(request: pytest.FixtureRequest, make_futures: Any) -> Any:
    """Return a client of each market."""
    return make_futures(request.param)


def test_an_account_has_one_key_at_a_time(futures: Any) -> None:
    key = futures.desk.ask("POST", f"{futures.prefix}/v1/listenKey").body["listenKey"]
    again = futures.desk.ask("POST", f"{futures.prefix}/v1/listenKey").body["listenKey"]
    assert key == again
    kept = futures.desk.ask("PUT", f"{futures.prefix}/v1/listenKey")
    assert kept.body == {"listenKey": key}
    assert futures.desk.ask("DELETE", f"{futures.prefix}/v1/listenKey").body == {}
    assert futures.desk.ask("PUT", f"{futures.prefix}/v1/listenKey").code == -1125


def test_a_key_lives_an_hour_unless_it_is_extended(futures: Any) -> None:
    path = f"{futures.prefix}/v1/listenKey"
    key = futures.desk.ask("POST", path).body["listenKey"]
    schedule = futures.desk.simulator.schedule
    keys = futures.running.surface.keys
    assert keys.owner(key) == "default"
    schedule.now += 61 * 60_000
    assert futures.desk.ask("PUT", path).code == -1125
