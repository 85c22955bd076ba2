"""Webhooks and apprise, against a server on loopback."""

from __future__ import annotations

import apprise
import pytest

from real_trade.notifications.channel import AppriseChannel, NotDelivered, Webhook, open_channel
from real_trade.notifications.notifiers import (
    DingTalkNotifier,
    EmailNotifier,
    TelegramNotifier,
    WebhookNotifier,
)
from real_trade.plugins import Severity
from real_trade.runtime import SystemRuntime
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret


def local(web, path="/hook?token=1"):
    return Secret(f"http://127.0.0.1:{web.port}{path}")


def test_a_webhook_posts_json(web, note):
    channel = Webhook("own", local(web), allow_private=True, headers={"X-Mine": "yes"})
    channel.send(note("halt", Severity.CRITICAL, text="drawdown"))
    path, headers, body = web.taken[0]
    assert path == "/hook?token=1"
    assert headers["X-Mine"] == "yes"
    assert headers["Host"] == f"127.0.0.1:{web.port}"
    assert body == {"title": "halt", "text": "drawdown", "severity": "critical", "key": "halt"}


@pytest.mark.parametrize("status", [302, 400, 429, 500])
def test_any_other_answer_is_a_failure_and_no_redirect_is_followed(web, note, status):
    web.answer(status)
    with pytest.raises(NotDelivered, match=f"HTTP {status}"):
        Webhook("own", local(web), allow_private=True).send(note())
    assert len(web.taken) == 1


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "169.254.169.254",
        "[::1]",
        "0x7f.1",
        "10.0.0.8",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
    ],
)
def test_h15_private_addresses_are_refused(host, note, web):
    channel = Webhook("own", Secret(f"https://{host}:{web.port}/hook"))
    with pytest.raises(NotDelivered, match=r"private network|not found"):
        channel.send(note())
    assert web.taken == []


@pytest.mark.parametrize("address", ["http://example.org/hook", "file:///etc/passwd", "gopher://x"])
def test_h15_only_https_goes_out(address):
    with pytest.raises(ConfigurationError):
        open_channel("own", Secret(address))


def test_a_name_is_resolved_once_and_that_address_is_used(web, note, monkeypatch):
    asked = []

    def resolve(host, port, *more, **options):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr("real_trade.notifications.channel.socket.getaddrinfo", resolve)
    address = Secret(f"http://hook.example:{web.port}/x")
    Webhook("own", address, allow_private=True).send(note())
    assert asked[0] == "hook.example"
    assert web.taken[0][1]["Host"] == f"hook.example:{web.port}"


def test_apprise_delivers_and_failures_are_told(web, note):
    address = Secret(f"json://127.0.0.1:{web.port}/in")
    with pytest.raises(NotDelivered, match="private network"):
        AppriseChannel("json", address).send(note())
    assert web.taken == []
    channel = AppriseChannel("json", address, allow_private=True)
    channel.send(note("fill", text="buy 1 <b>&"))
    assert web.taken[0][2]["message"] == "buy 1 <b>&"
    web.answer(500)
    with pytest.raises(NotDelivered, match="json"):
        channel.send(note())


def test_an_address_that_nobody_understands_is_a_configuration_error():
    with pytest.raises(ConfigurationError, match="apprise does not understand"):
        open_channel("odd", Secret("nosuchservice://abc"))


def test_h16_a_token_shows_in_no_repr_and_no_error(note, monkeypatch):
    token = "123456789:canaryTOKENcanaryTOKENcanaryTOKEN99"
    notifier = TelegramNotifier(token, 42, runtime=SystemRuntime())
    service = notifier._box.channel._service
    monkeypatch.setattr(service, "notify", lambda **given: 1 / 0)
    with pytest.raises(NotDelivered) as caught:
        notifier._box.channel.send(note())
    assert token not in f"{notifier!r} {notifier._box.channel!r} {caught.value!r}"
    assert caught.value.__context__ is None or token not in repr(caught.value.__context__)
    notifier.close()


def test_the_seeds_notifiers_become_the_services_they_name():
    runtime = SystemRuntime()
    made = {
        "Telegram": TelegramNotifier("123456789:" + "a" * 35, "-100200", runtime=runtime),
        "DingTalk": DingTalkNotifier(
            "https://oapi.dingtalk.com/robot/send?access_token=" + "b" * 32,
            "SEC" + "c" * 64,
            runtime=runtime,
        ),
        "E-Mail": EmailNotifier(
            "smtp.example.org",
            465,
            "me@example.org",
            "p@ss/word",
            sender="bot@example.org",
            recipients=["one@example.org", "two@example.org"],
            runtime=runtime,
        ),
    }
    services = {name: one._box.channel._service for name, one in made.items()}
    assert {name: str(one.service_name) for name, one in services.items()} == {
        name: name for name in made
    }
    assert services["DingTalk"].secret == "SEC" + "c" * 64
    mail = services["E-Mail"]
    assert (mail.smtp_host, mail.port, mail.password) == ("smtp.example.org", 465, "p@ss/word")
    assert sorted(address for _, address in mail.targets) == ["one@example.org", "two@example.org"]
    assert all(one.overflow_mode == apprise.OverflowMode.TRUNCATE for one in services.values())
    assert all(max(one.request_timeout) <= 5 for one in services.values())
    assert not any(one.redirects for one in services.values())
    for one in made.values():
        one.close()
    runtime.close()


@pytest.mark.parametrize(
    "make",
    [
        lambda: TelegramNotifier("", ""),
        lambda: DingTalkNotifier("https://oapi.dingtalk.com/robot/send"),
        lambda: EmailNotifier("smtp.example.org"),
    ],
)
def test_a_notifier_without_what_it_needs_says_what(make):
    with pytest.raises(ConfigurationError, match="a notifier needs"):
        make()


def test_the_seeds_methods_send_what_they_say(web):
    notifier = WebhookNotifier(local(web).reveal(), allow_private=True, level="info")
    notifier.send("hello\nworld", "warn")
    notifier.send_trade("BTC/USDT", "buy", 0.5, 60000, pnl=12.5)
    notifier.send_alert("look here")
    notifier.send_error(ValueError("broken"))
    assert notifier.flush()
    notifier.close()
    told = [(body["severity"], body["title"], body["text"]) for _, _, body in web.taken]
    assert told == [
        ("warning", "hello", "world"),
        ("info", "trade BTC/USDT", "buy 0.5 at 60000, profit +12.5"),
        ("warning", "alert", "look here"),
        ("error", "ValueError", "broken"),
    ]


def test_what_is_below_the_level_is_not_sent(web):
    notifier = WebhookNotifier(local(web).reveal(), allow_private=True, level="error")
    notifier.send("chatter")
    notifier.send_error("bad")
    notifier.close()
    assert [body["title"] for _, _, body in web.taken] == ["error"]
