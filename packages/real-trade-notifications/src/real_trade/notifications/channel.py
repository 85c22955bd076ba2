"""Ways out: each brings one note to one place, or says why it could not."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from real_trade.notifications.note import Note
from real_trade.utils.errors import ConfigurationError, RealTradeError
from real_trade.utils.secrets import Secret

__all__ = ["AppriseChannel", "Channel", "NotDelivered", "Webhook", "open_channel"]

_TIMEOUT_S = 4.0
_MOST_REPLY_BYTES = 64 << 10
_WEBHOOKS = ("http://", "https://")
_GENERIC = {"json", "xml", "form"}


class NotDelivered(RealTradeError):
    """A note did not arrive."""


class Channel(Protocol):
    """One place where notes go. It may block for five seconds; one thread at a time calls it."""

    @property
    def name(self) -> str:
        """Return what people call it."""

    def send(self, note: Note) -> None:
        """Deliver one note.

        Raises:
            NotDelivered: it did not arrive, as far as this side can tell.
        """


def open_channel(
    name: str,
    address: Secret,
    *,
    allow_private: bool = False,
    headers: Mapping[str, str] | None = None,
) -> Channel:
    """Return the channel for an address: `https://...` is a webhook, all else is apprise's.

    Raises:
        ConfigurationError: nothing understands the address.
    """
    if address.reveal().lower().startswith(_WEBHOOKS):
        return Webhook(name, address, allow_private=allow_private, headers=headers)
    return AppriseChannel(name, address, allow_private=allow_private)


class AppriseChannel:
    """A service that apprise knows; see https://github.com/caronc/apprise/wiki for addresses."""

    def __init__(self, name: str, address: Secret, *, allow_private: bool = False) -> None:
        self._name = name
        self._service = _service(name, address)
        # A webhook by another name, whose host anybody may have chosen.
        generic = urlsplit(address.reveal()).scheme.lower().rstrip("s") in _GENERIC
        self._checked_host = self._service.host if generic and not allow_private else ""

    def __repr__(self) -> str:
        return f"<AppriseChannel {self._name}>"

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self._name

    def send(self, note: Note) -> None:
        """Deliver one note; apprise escapes it as the service needs."""
        import apprise

        if self._checked_host:
            resolved(self._name, self._checked_host, 443)
        given: dict[str, Any] = {
            "title": note.title,
            "body": note.text or note.title,
            "notify_type": _kind(note),
            "body_format": apprise.NotifyFormat.TEXT,
        }
        if note.picture and self._service.attachment_support:
            given["attach"] = apprise.AppriseAttachment(note.picture)
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as told:
            try:
                arrived = self._service.notify(**given)
            except Exception as error:  # noqa: BLE001 - a hundred services raise as they like
                raise NotDelivered(f"{self._name}: {type(error).__name__}") from None
            why = " ".join(told.getvalue().split())
        if not arrived:
            raise NotDelivered(f"{self._name}: {why or 'the service refused it'}")


def _service(name: str, address: Secret) -> Any:
    import apprise

    asset = apprise.AppriseAsset(http_redirects=False, app_id="real-trade", app_desc="real-trade")
    with apprise.LogCapture(level=logging.ERROR, fmt="%(message)s"):
        service = apprise.Apprise.instantiate(address.reveal(), asset=asset)
    if service is None:
        raise ConfigurationError(
            f"channel {name}: apprise does not understand its address",
            remedy="see https://github.com/caronc/apprise/wiki for the form of each service",
        )
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    service.socket_connect_timeout = service.socket_read_timeout = _TIMEOUT_S
    return service


def _kind(note: Note) -> Any:
    import apprise

    kinds = apprise.NotifyType
    return {
        "info": kinds.INFO,
        "warning": kinds.WARNING,
        "error": kinds.FAILURE,
        "critical": kinds.FAILURE,
    }[note.severity.value]


class Webhook:
    """A JSON object by HTTP POST: title, text, severity and key.

    HTTPS only, no redirects, and not to private addresses unless allowed: the host is resolved
    once, checked, and that very address is connected to.
    """

    def __init__(
        self,
        name: str,
        address: Secret,
        *,
        allow_private: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(address.reveal())
        if not parts.hostname or parts.scheme not in {"http", "https"}:
            raise ConfigurationError(
                f"channel {name}: its address is no webhook", remedy="write it as https://host/path"
            )
        if parts.scheme == "http" and not allow_private:
            raise ConfigurationError(
                f"channel {name}: a webhook without encryption gives its messages away",
                remedy="use https; or allow_private_webhooks = true for a host of your own",
            )
        self._name = name
        self._address = address
        self._allow_private = allow_private
        self._headers = {"Content-Type": "application/json", **(headers or {})}

    def __repr__(self) -> str:
        return f"<Webhook {self._name}>"

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self._name

    def send(self, note: Note) -> None:
        """Post one note; anything but a 2xx answer is a failure."""
        import urllib3

        parts = urlsplit(self._address.reveal())
        host = parts.hostname or ""
        port = parts.port or _port(parts.scheme)
        address = resolved(self._name, host, port, allow_private=self._allow_private)
        pool = self._pool(host, address, parts)
        target = parts.path or "/"
        if parts.query:
            target = f"{target}?{parts.query}"
        try:
            reply = pool.request(
                "POST",
                target,
                body=_body(note),
                headers={**self._headers, "Host": parts.netloc.rpartition("@")[2]},
                redirect=False,
                retries=False,
                preload_content=False,
            )
            reply.read(_MOST_REPLY_BYTES)
            reply.close()
        except urllib3.exceptions.HTTPError as error:
            raise NotDelivered(f"{self._name}: {type(error).__name__}") from None
        finally:
            pool.close()
        if not 200 <= reply.status < 300:
            raise NotDelivered(f"{self._name}: HTTP {reply.status}")

    def _pool(self, host: str, address: str, parts: Any) -> Any:
        import urllib3

        timeout = urllib3.Timeout(connect=_TIMEOUT_S, read=_TIMEOUT_S)
        if parts.scheme == "http":
            return urllib3.HTTPConnectionPool(address, parts.port or 80, timeout=timeout)
        return urllib3.HTTPSConnectionPool(
            address,
            parts.port or 443,
            timeout=timeout,
            server_hostname=host,
            assert_hostname=host,
        )


def resolved(name: str, host: str, port: int, *, allow_private: bool = False) -> str:
    """Return the address that `host` stands for now.

    Raises:
        NotDelivered: there is none, or one of its addresses is private, which is not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotDelivered(f"{name}: {host} is not found ({error})") from None
    addresses = [str(one[4][0]) for one in found]
    if not allow_private and any(map(_is_private, addresses)):
        raise NotDelivered(
            f"{name}: {host} is in a private network, which is not allowed",
            remedy="allow_private_webhooks = true, if the host is your own",
        )
    return addresses[0]


def _body(note: Note) -> bytes:
    import orjson

    told = {
        "title": note.title,
        "text": note.text,
        "severity": note.severity.value,
        "key": note.key,
    }
    return orjson.dumps(told)


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _is_private(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return not (mapped or found).is_global
