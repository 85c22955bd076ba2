"""The section `notifications` of the configuration. Addresses are secrets and stand elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs
import platformdirs

from real_trade.notifications.note import severity_of
from real_trade.plugins import Severity
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret, find_secret

__all__ = ["NotificationSettings", "QuietHours", "address_of"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


@attrs.frozen
class QuietHours:
    """A span of each day, such as 22:00-07:00, in which only alarms are sent."""

    begin: time
    end: time

    @classmethod
    def parse(cls, text: str) -> QuietHours | None:
        """Return the span that `text` names, None for an empty text.

        Raises:
            ConfigurationError: it is no span.
        """
        if not text:
            return None
        found = _SPAN.fullmatch(text.strip())
        hours = [int(part) for part in found.groups()] if found else [24, 0, 0, 0]
        try:
            return cls(time(hours[0], hours[1]), time(hours[2], hours[3]))
        except ValueError:
            raise ConfigurationError(
                f"quiet_hours = {text!r} is no span of a day", remedy='write it as "22:00-07:00"'
            ) from None

    def hold(self, now: datetime) -> float:
        """Return for how many seconds from `now` (local) notes are held; 0 outside the span."""
        clock = now.time().replace(tzinfo=None)
        inside = (
            self.begin <= clock < self.end
            if self.begin <= self.end
            else clock >= self.begin or clock < self.end
        )
        if not inside:
            return 0.0
        end = self.end.hour * 3600 + self.end.minute * 60
        passed = clock.hour * 3600 + clock.minute * 60 + clock.second
        return float((end - passed) % 86400) or 86400.0


def _names(value: Any) -> tuple[str, ...]:
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"notifications.channels: {name!r} is no name of a channel",
                remedy="use lower-case letters, digits and underscores, such as telegram",
            )
    if len(set(names)) != len(names):
        raise ConfigurationError("notifications.channels names one channel twice")
    return names


def _severity(value: Any) -> Severity:
    try:
        return severity_of(value)
    except ValueError as error:
        raise ConfigurationError(f"notifications: {error}") from None


def _positive(settings: object, attribute: attrs.Attribute[Any], value: float) -> None:
    del settings
    if not value > 0:
        raise ConfigurationError(f"notifications.{attribute.name} = {value} is not positive")


@attrs.frozen(kw_only=True)
class NotificationSettings:
    """What is told, where, and how often.

    Attributes:
        channels: names; the address of `telegram` is the secret `notify_telegram`.
        second: the channel that is used when none of those took an alarm.
        level: the lowest level that is sent: info, warn, error or critical.
        levels: other levels for single channels, such as {"email": "error"}.
        quiet_hours: a span in `tz`, such as "22:00-07:00", in which only alarms are sent; what else
            came follows as one digest.
        digest_s: news of one incident within so many seconds are told as one.
        a_minute: more notes than this in a minute become a digest.
        template: the text of a note, with $title $text $severity $time $mode.
        daily_at: when the summary of a day is sent, such as "08:00" in `tz`; empty for never.
        allow_private_webhooks: whether webhooks may go to this machine or a private network.
        siren_file: where alarms stand that nobody could be told.
    """

    channels: Any = attrs.field(default=(), converter=_names)
    second: str = ""
    level: Any = attrs.field(default="info", converter=_severity)
    levels: dict[str, str] = attrs.field(factory=dict)
    quiet_hours: str = ""
    tz: str = "UTC"
    digest_s: float = attrs.field(default=60.0, validator=_positive)
    a_minute: int = attrs.field(default=20, validator=_positive)
    template: str = ""
    daily_at: str = ""
    allow_private_webhooks: bool = False
    siren_file: str = ""

    def __attrs_post_init__(self) -> None:
        QuietHours.parse(self.quiet_hours)
        self._check_zone()
        if self.daily_at:
            QuietHours.parse(f"{self.daily_at}-00:00")
        for name, level in self.levels.items():
            _severity(level)
            if name not in (*self.channels, self.second):
                raise ConfigurationError(
                    f"notifications.levels names {name!r}, which is no channel",
                    remedy=f"channels are: {', '.join(self.channels) or 'none'}",
                )

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of quiet hours and of the daily summary."""
        return ZoneInfo(self.tz)

    def lowest(self, channel: str) -> Severity:
        """Return the lowest level that a channel is told."""
        return severity_of(self.levels[channel]) if channel in self.levels else self.level

    def _check_zone(self) -> None:
        try:
            ZoneInfo(self.tz)
        except (ZoneInfoNotFoundError, ValueError):
            raise ConfigurationError(
                f"notifications.tz = {self.tz!r} is no time zone",
                remedy="write it as Europe/Berlin, or UTC",
            ) from None


def address_of(channel: str, environ: Mapping[str, str], folder: Path | None = None) -> Secret:
    """Return a channel's address: the secret `notify_<channel>`.

    Raises:
        ConfigurationError: it is not set.
    """
    name = f"notify_{channel}"
    where = folder or platformdirs.user_config_path("real-trade", appauthor=False)
    found = find_secret(name, environ=environ, folder=where).secret
    if not found:
        raise ConfigurationError(
            f"channel {channel} has no address: the secret {name} is not set",
            remedy=f"export RT_{name.upper()}=..., such as tgram://token/chat or https://...",
        )
    return found
