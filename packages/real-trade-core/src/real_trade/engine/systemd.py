"""Tells systemd how a run is: ready, alive, stopping (sd_notify(3)); silent without systemd."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

__all__ = ["ServiceNotifier"]


class ServiceNotifier:
    """Sends datagrams to the socket that systemd names; any failure is ignored, as its manual asks.

    Args:
        environ: where NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        variables = os.environ if environ is None else environ
        self._address = variables.get("NOTIFY_SOCKET", "")
        mine = variables.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        period = variables.get("WATCHDOG_USEC", "") if mine else ""
        self.watchdog_s = int(period) / 1e6 if period.isdigit() else 0.0

    def ready(self, status: str = "") -> None:
        """Say that the start is over."""
        self._send(f"READY=1\nSTATUS={status}")

    def alive(self) -> None:
        """Say that the trading thread turns: without it systemd restarts the service."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        # An address that begins with @ is of Linux's abstract kind, where a zero byte stands.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
                channel.setblocking(False)
                channel.sendto(text.encode(), address)
        except OSError:
            return  # sd_notify(3): its failure is no reason to stop a service
