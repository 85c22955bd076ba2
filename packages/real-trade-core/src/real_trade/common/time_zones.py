"""Time zones as Backtrader needs them: with pytz's `localize`."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from real_trade.utils.errors import ConfigurationError

__all__ = ["LocalizedZone", "zone_of"]


class LocalizedZone(tzinfo):
    """Any time zone, with the one method of pytz's that Backtrader calls.

    Backtrader adds that method to zones that lack it, which those of `zoneinfo` do not allow.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone

    def localize(self, time: datetime) -> datetime:
        """Return a naive time of this zone as an aware one."""
        return time.replace(tzinfo=self)

    def utcoffset(self, time: datetime | None) -> timedelta | None:
        """Return the zone's offset from UTC."""
        return self._zone.utcoffset(self._own(time))

    def dst(self, time: datetime | None) -> timedelta | None:
        """Return how much of the offset is summer time."""
        return self._zone.dst(self._own(time))

    def tzname(self, time: datetime | None) -> str | None:
        """Return the zone's name at that time."""
        return self._zone.tzname(self._own(time))

    def fromutc(self, time: datetime) -> datetime:
        """Return a UTC time in this zone."""
        return self._zone.fromutc(time.replace(tzinfo=self._zone)).replace(tzinfo=self)

    def _own(self, time: datetime | None) -> datetime | None:
        return None if time is None else time.replace(tzinfo=self._zone)


def zone_of(zone: Any) -> Any:
    """Return a zone, or the zone of a name such as `Asia/Shanghai`, for Backtrader's use.

    Raises:
        ConfigurationError: there is no zone of that name.
    """
    if isinstance(zone, str):
        try:
            zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigurationError(
                f"there is no time zone {zone!r}", remedy='for example "Asia/Shanghai" or "UTC"'
            ) from None
    if zone is None or hasattr(zone, "localize"):
        return zone
    return LocalizedZone(zone)
