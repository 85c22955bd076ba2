"""Bodies and frames as they should not be: what faults make of a message."""

from __future__ import annotations

import copy
import struct
from collections.abc import Mapping
from typing import Any

from real_trade.simulator.frames import Opcode, encode

__all__ = ["BODIES", "FRAMES", "changed", "distorted_body", "distorted_frame", "look"]

_HTML = (
    b"<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%s</h1></center>\r\n"
    b"<hr><center>cloudfront</center>\r\n</body>\r\n</html>\r\n"
)
_MIB = 1 << 20

BODIES = ("html", "empty", "truncated", "binary", "utf8", "oversized", "deep", "numbers")
FRAMES = (
    "malformed",
    "utf8",
    "nul",
    "deep",
    "numbers",
    "duplicate_keys",
    "huge",
    "endless",
    "binary",
    "masked",
    "opcode",
    "compressed",
    "empty",
)


def changed(value: Any, args: Mapping[str, Any]) -> Any:
    """Return `value` with fields set, removed or nulled; a dot leads into objects and lists."""
    found = copy.deepcopy(value)
    for path, new in args.get("set", {}).items():
        _put(found, path.split("."), new)
    for path in args.get("nulls", []):
        _put(found, str(path).split("."), None)
    for path in args.get("remove", []):
        *parents, last = str(path).split(".")
        holder = look(found, ".".join(parents)) if parents else found
        if isinstance(holder, dict):
            holder.pop(last, None)
        elif isinstance(holder, list) and last.isdigit() and int(last) < len(holder):
            del holder[int(last)]
    return found


def distorted_body(kind: str, body: bytes, args: Mapping[str, Any]) -> tuple[bytes, str]:
    """Return a reply's body in the given kind of disorder, and its content type."""
    json = "application/json;charset=" + args.get("charset", "UTF-8")
    if kind == "html":
        title = args.get("message", "ERROR: The request could not be satisfied").encode()
        return _HTML % (title, title), "text/html"
    if kind == "empty":
        return b"", json
    if kind == "truncated":
        return body[: max(1, len(body) // 2)], json
    if kind == "binary":
        return bytes(range(256)), "application/octet-stream"
    if kind == "utf8":
        return body[:-1] + b',"x":"\xff\xfe\xc3("}', json
    if kind == "oversized":
        return b'{"x":"' + b"x" * args.get("bytes", 32 * _MIB) + b'"}', json
    if kind == "deep":
        return b"[" * 100_000 + b"]" * 100_000, json
    if kind == "numbers":
        return b'{"code":1e400,"orderId":' + b"9" * 5000 + b"}", json
    return kind.encode(), json


def distorted_frame(args: Mapping[str, Any], payload: bytes) -> bytes:
    """Return bytes for a websocket in the given kind of disorder."""
    if "text" in args:
        return encode(args["text"].encode())
    kind = args.get("kind", "malformed")
    size = args.get("bytes", 64 * _MIB)
    makers = {
        "malformed": lambda: encode(payload[: max(1, len(payload) // 2)]),
        "utf8": lambda: encode(b'{"e":"\xff\xfe\xc3("}'),
        "nul": lambda: encode(b'{"e":"a\x00b"}'),
        "deep": lambda: encode(b"[" * 100_000 + b"]" * 100_000),
        "numbers": lambda: encode(b'{"E":1e400,"i":' + b"9" * 5000 + b"}"),
        "duplicate_keys": lambda: encode(payload[:-1] + b"," + payload[1:]),
        "huge": lambda: encode(b'{"x":"' + b"x" * size + b'"}'),
        "endless": lambda: _fragments(size),
        "binary": lambda: encode(payload, Opcode.BINARY),
        "masked": lambda: _masked(payload),
        "opcode": lambda: encode(payload, 0x3),
        "compressed": lambda: bytes((0xC1, len(payload[:100]))) + payload[:100],
        "empty": lambda: encode(b""),
    }
    return makers[kind]()


def _fragments(size: int) -> bytes:
    """Return a message in fragments that never ends."""
    part = b"x" * 65_535
    head = struct.pack("!BBH", Opcode.TEXT, 126, len(part)) + part
    more = struct.pack("!BBH", Opcode.CONTINUATION, 126, len(part)) + part
    return head + more * max(1, size // len(part))


def _masked(payload: bytes) -> bytes:
    short = payload[:100]
    return bytes((0x81, 0x80 | len(short), 0, 0, 0, 0)) + short


def look(value: Any, path: str) -> Any:
    """Return what is at `path` in objects and lists, `orders.0.status`, or None."""
    for name in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(name)
        elif isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value


def _put(value: Any, path: list[str], new: Any) -> None:
    holder = look(value, ".".join(path[:-1])) if path[1:] else value
    if isinstance(holder, dict):
        holder[path[-1]] = new
    elif isinstance(holder, list) and path[-1].isdigit() and int(path[-1]) < len(holder):
        holder[int(path[-1])] = new
