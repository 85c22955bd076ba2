"""From settings and secrets to an office that can deliver."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from real_trade.notifications.channel import Channel, open_channel
from real_trade.notifications.office import Office
from real_trade.notifications.settings import NotificationSettings, address_of
from real_trade.notifications.siren import Siren
from real_trade.runtime import Runtime

__all__ = ["open_channels", "open_office"]


def open_channels(
    settings: NotificationSettings, environ: Mapping[str, str], names: tuple[str, ...] = ()
) -> list[Channel]:
    """Return the channels of the settings, or those named.

    Raises:
        ConfigurationError: one has no address, or nothing understands it.
    """
    wanted = names or settings.channels
    return [
        open_channel(
            name,
            address_of(name, environ),
            allow_private=settings.allow_private_webhooks,
        )
        for name in wanted
    ]


def open_office(
    settings: NotificationSettings, runtime: Runtime, environ: Mapping[str, str]
) -> Office:
    """Return the office for a run.

    Raises:
        ConfigurationError: a channel has no address, or nothing understands it.
    """
    second = (settings.second,) if settings.second else ()
    siren = Siren(Path(settings.siren_file).expanduser()) if settings.siren_file else Siren()
    return Office(
        settings,
        open_channels(settings, environ) if settings.channels else [],
        runtime,
        second=open_channels(settings, environ, second)[0] if second else None,
        siren=siren,
    )
