"""Websocket frames: RFC 6455, the server's side. Bytes in, messages out; no I/O."""

from __future__ import annotations

import base64
import hashlib
import struct
from enum import IntEnum

import attrs

__all__ = [
    "Frame",
    "FrameError",
    "FrameReader",
    "Opcode",
    "accept_key",
    "close_frame",
    "encode",
    "payload_of",
]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST = 1 << 20


class Opcode(IntEnum):
    """What a frame carries."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


class FrameError(Exception):
    """The client broke the protocol; `code` is what the close frame says."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@attrs.frozen
class Frame:
    """A whole message or a control frame."""

    opcode: Opcode
    payload: bytes


def accept_key(key: str) -> str:
    """Return the Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()  # noqa: S324


def encode(payload: bytes, opcode: int = Opcode.TEXT) -> bytes:
    """Return one unmasked, unfragmented frame."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | opcode, length)) + payload
    if length < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, length) + payload
    return struct.pack("!BBQ", 0x80 | opcode, 127, length) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; 1005 and 1006 must not travel, so they send none of either."""
    if code in {1005, 1006}:
        return encode(b"", Opcode.CLOSE)
    return encode(struct.pack("!H", code) + reason.encode()[:123], Opcode.CLOSE)


def payload_of(data: bytes, largest: int = 16 << 20) -> bytes:
    """Return what a client reads out of one server's frame.

    Raises:
        FrameError: it breaks the protocol, or is so big that a client must refuse it.
    """
    first, second = data[0], data[1]
    if first & 0x70 or second & 0x80 or first & 0x0F not in {Opcode.TEXT, Opcode.BINARY}:
        raise FrameError(1002, "the server's frame breaks the protocol")
    length, start = second & 0x7F, 2
    if length == 126:
        (length,), start = struct.unpack_from("!H", data, 2), 4
    elif length == 127:
        (length,), start = struct.unpack_from("!Q", data, 2), 10
    if length > largest or not first & 0x80:
        raise FrameError(1009, "message too big")
    return data[start : start + length]


class FrameReader:
    """Turns a client's bytes into messages."""

    def __init__(self, largest: int = _LARGEST) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._opcode = Opcode.TEXT
        self._largest = largest

    def feed(self, data: bytes) -> list[Frame]:
        """Return what is complete now.

        Raises:
            FrameError: the client broke RFC 6455 or sent too much.
        """
        self._buffer += data
        frames = []
        while (frame := self._next()) is not None:
            whole = self._assemble(*frame)
            if whole is not None:
                frames.append(whole)
        return frames

    def _next(self) -> tuple[bool, Opcode, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        first, second = buffer[0], buffer[1]
        if first & 0x70:
            raise FrameError(1002, "reserved bits are set")
        if not second & 0x80:
            raise FrameError(1002, "a client's frame must be masked")
        length, start = second & 0x7F, 2
        if length == 126:
            if len(buffer) < 4:
                return None
            (length,), start = struct.unpack_from("!H", buffer, 2), 4
        elif length == 127:
            if len(buffer) < 10:
                return None
            (length,), start = struct.unpack_from("!Q", buffer, 2), 10
        if length > self._largest:
            raise FrameError(1009, "message too big")
        end = start + 4 + length
        if len(buffer) < end:
            return None
        payload = _unmask(bytes(buffer[start : start + 4]), bytes(buffer[start + 4 : end]))
        del buffer[:end]
        try:
            opcode = Opcode(first & 0x0F)
        except ValueError:
            raise FrameError(1002, "unknown opcode") from None
        return bool(first & 0x80), opcode, payload

    def _assemble(self, final: bool, opcode: Opcode, payload: bytes) -> Frame | None:
        if opcode >= Opcode.CLOSE:
            if not final or len(payload) > 125:
                raise FrameError(1002, "a control frame is fragmented or too long")
            return Frame(opcode, payload)
        if (opcode is Opcode.CONTINUATION) != bool(self._parts):
            raise FrameError(1002, "a continuation without a start, or a start without an end")
        if opcode is not Opcode.CONTINUATION:
            self._opcode = opcode
            if final:
                return Frame(opcode, payload)
        self._parts.append(payload)
        if sum(map(len, self._parts)) > self._largest:
            raise FrameError(1009, "message too big")
        if not final:
            return None
        whole = b"".join(self._parts)
        self._parts = []
        return Frame(self._opcode, whole)


def _unmask(mask: bytes, payload: bytes) -> bytes:
    size = len(payload)
    if not size:
        return payload
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(size, "big")
