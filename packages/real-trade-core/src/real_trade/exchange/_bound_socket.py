"""A socket with one deadline for all that is done on it, which knows what it has sent.

A timeout per read lets a slow peer hold a call for ever; here every read and write gets what is
left of the whole call's time.
"""

from __future__ import annotations

import io
import socket
from typing import Any

from real_trade.runtime import Clock

__all__ = ["BoundSocket"]


class BoundSocket:
    """What http.client needs of a socket. Writes are gathered until `flush` sends them at once."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._sock = sock
        self._clock = clock
        self._deadline = 0.0
        self._waiting = bytearray()
        self._readers = 0
        self._closed = False
        self.sent = 0

    def begin(self, deadline: float) -> None:
        """Start a new exchange that must be over at monotonic time `deadline`."""
        self._deadline = deadline
        self._waiting.clear()
        self.sent = 0

    def sendall(self, data: bytes) -> None:
        """Gather `data`."""
        self._waiting += data

    def flush(self) -> None:
        """Send what was gathered; `sent` counts the bytes that the system took."""
        with memoryview(self._waiting) as waiting:
            while self.sent < len(waiting):
                self._limit()
                self.sent += self._sock.send(waiting[self.sent :])

    def makefile(self, mode: str) -> io.BufferedReader:
        """Return a buffered reader on the socket; the only mode is "rb"."""
        if mode != "rb":
            raise ValueError(f"a reader is opened as 'rb', not {mode!r}")
        self._readers += 1
        return io.BufferedReader(_Reader(self), 65536)

    def recv_into(self, buffer: Any) -> int:
        """Read into `buffer` within what is left of the time."""
        self._limit()
        return self._sock.recv_into(buffer)

    def settimeout(self, timeout_s: float | None) -> None:
        """Change nothing: the deadline of `begin` rules."""

    def fileno(self) -> int:
        """Return the descriptor, for readiness checks."""
        return self._sock.fileno()

    def close(self) -> None:
        """Close once the last reader has closed too, as a real socket does."""
        self._closed = True
        if not self._readers:
            self._sock.close()

    def release(self) -> None:
        """Take note that a reader has closed."""
        self._readers -= 1
        if self._closed and not self._readers:
            self._sock.close()

    def _limit(self) -> None:
        left = self._deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        self._sock.settimeout(left)


class _Reader(io.RawIOBase):
    def __init__(self, owner: BoundSocket) -> None:
        self._owner = owner

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._owner.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._owner.release()
