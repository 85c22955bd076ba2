"""Where a connection goes: through which proxy, if any; never through one to this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote, urlsplit

import attrs

from real_trade.utils.errors import ConfigurationError

__all__ = ["Proxy", "is_loopback", "proxy_for"]

_REMEDY = "write it as http://host:port or http://user:password@host:port"


@attrs.frozen
class Proxy:
    """An HTTP proxy that was named explicitly. The environment's are never looked at."""

    host: str
    port: int
    user: str = ""
    password: str = attrs.field(default="", repr=False)

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Return the proxy that `text`, such as `http://127.0.0.1:7890`, names.

        Raises:
            ConfigurationError: it is not an http address with a port.
        """
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise ConfigurationError("the proxy's address is unreadable", remedy=_REMEDY) from None
        if parts.scheme != "http" or not host or not port:
            raise ConfigurationError(
                f"the proxy {parts.scheme}://{host or '?'}:{port or '?'} cannot be used: "
                "it needs scheme http, a host and a port",
                remedy=_REMEDY,
            )
        return cls(host, port, unquote(parts.username or ""), unquote(parts.password or ""))


def proxy_for(host: str, proxy: Proxy | None) -> Proxy | None:
    """Return the proxy to reach `host` by: none for this machine."""
    return None if is_loopback(host) else proxy


def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
