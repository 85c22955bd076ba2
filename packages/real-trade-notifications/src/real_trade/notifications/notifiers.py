"""Notifiers for scripts, by the seed's names. `send` returns at once: a thread delivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from real_trade.notifications.channel import Channel, open_channel
from real_trade.notifications.note import Note, calm, severity_of
from real_trade.notifications.outbox import Outbox, Pace
from real_trade.plugins import Message, Severity
from real_trade.runtime import Runtime, SystemRuntime
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

__all__ = [
    "AppriseNotifier",
    "BaseNotifier",
    "DingTalkNotifier",
    "EmailNotifier",
    "TelegramNotifier",
    "WebhookNotifier",
]


class BaseNotifier:
    """Sends to one channel.

    Args:
        channel: where to.
        level: the lowest level that is sent.
        pace: how much, and how often.
        runtime: whose threads and clock are used; a system runtime of its own by default.
    """

    def __init__(
        self,
        channel: Channel,
        *,
        level: str | Severity = "info",
        pace: Pace | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        self._lowest = severity_of(level)
        self._owns_runtime = runtime is None
        self._runtime = runtime or SystemRuntime()
        self._box = Outbox(channel, self._runtime, pace)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._box.channel.name}>"

    def send(self, text: str, level: str | Severity = "info", *, title: str = "") -> None:
        """Queue a message; returns at once.

        Raises:
            ValueError: there is no such level.
        """
        severity = severity_of(level)
        first, _, rest = text.partition("\n")
        note = Note(
            severity=severity,
            title=calm(title or first, 200).replace("\n", " "),
            text=calm(text if title else rest),
            key=title or first,
        )
        self._put(note)

    def send_trade(
        self,
        symbol: str,
        side: str,
        size: float | Decimal,
        price: float | Decimal,
        pnl: float | Decimal | None = None,
    ) -> None:
        """Tell of a trade: amount in base units or contracts, price and profit in quote units."""
        profit = "" if pnl is None else f", profit {pnl:+}"
        self.send(f"{side} {size} at {price}{profit}", title=f"trade {symbol}")

    def send_alert(self, text: str, level: str | Severity = "warn") -> None:
        """Tell of something that a person should look at."""
        self.send(text, level, title="alert")

    def send_error(self, error: BaseException | str) -> None:
        """Tell of an error; never with a traceback, whose lines may hold what is nobody's
        business."""
        kind = type(error).__name__ if isinstance(error, BaseException) else "error"
        self.send(str(error) or kind, "error", title=kind)

    def deliver(self, message: Message) -> None:
        """Take a message of a run."""
        self._put(Note.of(message))

    @property
    def failing(self) -> str:
        """Return why the last message did not arrive; empty while it works."""
        return self._box.failing

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Wait until what was sent has been tried; return False if that took longer."""
        return self._box.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush and stop."""
        self._box.close(timeout_s)
        if self._owns_runtime:
            self._runtime.close()

    def _put(self, note: Note) -> None:
        order = list(Severity)
        if order.index(note.severity) >= order.index(self._lowest):
            self._box.put(note)


class AppriseNotifier(BaseNotifier):
    """Any service of apprise, by its address: Discord, Slack, WeCom, Feishu, Lark, ntfy ..."""

    def __init__(self, url: str | Secret, name: str = "apprise", **options: Any) -> None:
        super().__init__(open_channel(name, Secret(url)), **options)


class TelegramNotifier(AppriseNotifier):
    """A bot that writes to one chat."""

    def __init__(self, bot_token: str | Secret, chat_id: str | int, **options: Any) -> None:
        token = Secret(bot_token).reveal()
        _need(token and str(chat_id), "bot_token and chat_id")
        super().__init__(
            f"tgram://{token}/{quote(str(chat_id), safe='-@')}/", "telegram", **options
        )


class DingTalkNotifier(AppriseNotifier):
    """A robot of a group. `secret` is the robot's signing key, if it has one."""

    def __init__(
        self, webhook_url: str | Secret, secret: str | Secret = "", **options: Any
    ) -> None:
        query = parse_qs(urlsplit(Secret(webhook_url).reveal()).query)
        token = query.get("access_token", [""])[0]
        _need(token, "a webhook_url with an access_token")
        key = Secret(secret).reveal()
        prefix = f"{quote(key, safe='')}@" if key else ""
        super().__init__(f"dingtalk://{prefix}{token}/", "dingtalk", **options)


class EmailNotifier(AppriseNotifier):
    """Mail by SMTP: STARTTLS on port 587, TLS from the start on 465."""

    def __init__(
        self,
        smtp_host: str,
        smtp_port: int = 587,
        username: str = "",
        password: str | Secret = "",
        sender: str = "",
        recipients: Sequence[str] | str = (),
        **options: Any,
    ) -> None:
        to = [recipients] if isinstance(recipients, str) else list(recipients)
        _need(smtp_host and sender and to, "smtp_host, sender and recipients")
        login = ""
        if username:
            login = f"{quote(username, safe='')}:{quote(Secret(password).reveal(), safe='')}@"
        mode = "ssl" if smtp_port == 465 else "starttls"
        words = f"from={quote(sender)}&to={quote(','.join(to))}&mode={mode}"
        super().__init__(f"mailtos://{login}{smtp_host}:{smtp_port}/?{words}", "email", **options)


class WebhookNotifier(BaseNotifier):
    """A JSON object by POST to an address of one's own; see `Webhook`."""

    def __init__(
        self,
        url: str | Secret,
        headers: Mapping[str, str] | None = None,
        *,
        allow_private: bool = False,
        **options: Any,
    ) -> None:
        channel = open_channel("webhook", Secret(url), allow_private=allow_private, headers=headers)
        super().__init__(channel, **options)


def _need(given: object, what: str) -> None:
    if not given:
        raise ConfigurationError(f"a notifier needs {what}", remedy="see the README")
