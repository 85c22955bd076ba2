"""Logging is global: each test gets it as it was before."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from real_trade.utils import redaction
from real_trade.utils.logger import reset_logging


@pytest.fixture
def logging_restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give back levels, handlers, the record factory and the known secrets."""
    factory = logging.getLogRecordFactory()
    monkeypatch.setattr(redaction, "_known", {})
    yield
    reset_logging()
    logging.setLogRecordFactory(factory)
