"""Websocket frames out of a stream of bytes (RFC 6455, the client's side), without any socket.

Bytes land in one large buffer, so that a read takes many frames; a message is copied once.
Text is not checked for UTF-8: the JSON parser does.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FrameReader", "Opcode", "ProtocolError"]

_CHUNK = 256 << 10
_LAST_TEXT = 0x81
_RESERVED = 0x70


class Opcode(IntEnum):
    """The kinds of frames."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class ProtocolError(Exception):
    """The peer broke the protocol, or its message is too large; `code` is the close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Gathers bytes and gives whole messages and control frames.

    Use: read into `space()`, then `received(count)`.
    """

    def __init__(self, max_message_bytes: int = 8 << 20) -> None:
        self._most = max_message_bytes
        self._buffer = bytearray(2 * _CHUNK)
        self._start = 0
        self._end = 0
        self._parts: list[bytes] = []
        self._kind = Opcode.CONTINUATION

    def space(self) -> memoryview:
        """Return where the next bytes go: at least 256 KiB."""
        if len(self._buffer) - self._end < _CHUNK:
            waiting = self._buffer[self._start : self._end]
            if len(waiting) + _CHUNK > len(self._buffer):
                self._buffer = bytearray(2 * len(self._buffer))
            self._buffer[: len(waiting)] = waiting
            self._start, self._end = 0, len(waiting)
        return memoryview(self._buffer)[self._end :]

    def received(self, count: int) -> list[tuple[int, bytes]]:
        """Return the whole messages and control frames there are, after `count` new bytes.

        Raises:
            ProtocolError: the connection must be ended with its code.
        """
        self._end += count
        found: list[tuple[int, bytes]] = []
        view = memoryview(self._buffer)
        start, end = self._start, self._end
        while end - start >= 2:
            first, size, head = view[start], view[start + 1], start + 2
            if size >= 126:
                if size > 127:
                    raise ProtocolError(1002, "a server's frame must not be masked")
                wide = 2 if size == 126 else 8
                if end - head < wide:
                    break
                size = int.from_bytes(view[head : head + wide], "big")
                head += wide
            if size > self._most:
                raise ProtocolError(1009, f"a frame of {size} bytes is too large")
            stop = head + size
            if stop > end:
                break
            payload = view[head:stop].tobytes()
            if first == _LAST_TEXT and not self._parts:
                found.append((1, payload))
            else:
                self._other(first, payload, found)
            start = stop
        view.release()
        self._start = start
        if start == end:
            self._start = self._end = 0
        return found

    def _other(self, first: int, payload: bytes, found: list[tuple[int, bytes]]) -> None:
        last, opcode = first & 0x80, first & 0x0F
        if first & _RESERVED:
            raise ProtocolError(1002, "compression was not agreed upon")
        if opcode >= 8:
            if not last or len(payload) > 125 or opcode > Opcode.PONG:
                raise ProtocolError(1002, f"control frame {opcode} is malformed")
            found.append((opcode, payload))
            return
        if (opcode == Opcode.CONTINUATION) != bool(self._parts) or opcode > Opcode.BINARY:
            raise ProtocolError(1002, f"a frame of kind {opcode} is out of place")
        if not self._parts:
            self._kind = Opcode(opcode)
        self._parts.append(payload)
        # An empty fragment is a fragment too: endless ones must not pass the cap either.
        if sum(map(len, self._parts)) + len(self._parts) > self._most:
            raise ProtocolError(1009, "a message in fragments is too large")
        if last:
            found.append((self._kind, b"".join(self._parts)))
            self._parts.clear()
