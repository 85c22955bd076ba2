"""Entries as text and back, exact: numbers as their digits, times with their zone."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, cast

import orjson
from cattrs import Converter

from real_trade.model import Fill, OrderReport
from real_trade.orders.entries import Cancel, Dropped, Entry, Held, Mark, Opened, Sending, Watermark
from real_trade.orders.values import Finding

__all__ = ["decode", "encode"]

# Names in the journal; they outlive the names of classes.
_KINDS: dict[str, type[Any]] = {
    "opened": Opened,
    "sending": Sending,
    "held": Held,
    "dropped": Dropped,
    "mark": Mark,
    "cancel": Cancel,
    "watermark": Watermark,
    "report": OrderReport,
    "fill": Fill,
    "finding": Finding,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


@cache
def _converter() -> Converter:
    converter = Converter(omit_if_default=True)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda text, _: Decimal(text))
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return converter


def encode(entry: Entry) -> tuple[str, str, str]:
    """Return an entry's kind, the client order id it concerns ("" if none), and its text."""
    name = _NAMES[type(entry)]
    subject = entry.intent if isinstance(entry, (Sending, Held)) else entry
    # What a finding is about may have been named by anybody, in any characters.
    about = "" if isinstance(entry, Finding) else getattr(subject, "client_order_id", "")
    return name, about, _text(_converter().unstructure(entry))


def decode(kind: str, text: str) -> Entry:
    """Return the entry that `encode` made `text` of.

    Raises:
        KeyError: a kind that this version does not know.
        ValueError: the text is not an entry's.
    """
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        values = json.loads(text)
    return cast("Entry", _converter().structure(values, _KINDS[kind]))


def _text(values: Any) -> str:
    try:
        return orjson.dumps(values, option=orjson.OPT_SORT_KEYS).decode()
    except orjson.JSONEncodeError:
        # Half a surrogate pair in an exchange's message: no reason not to trade.
        return json.dumps(values, sort_keys=True)
