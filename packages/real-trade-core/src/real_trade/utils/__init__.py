"""Small things that every room may use: configuration, secrets, logging, retry, times, checks.

The usual names can be imported from here; each module is loaded when its name is first used.
The decorator is `real_trade.utils.retry.retry`: here, `retry` is its module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from real_trade.utils.config import GlobalConfig, load_config
    from real_trade.utils.logger import get_logger, setup_logger
    from real_trade.utils.retry import RetryConfig
    from real_trade.utils.time_utils import (
        datetime_to_timestamp,
        timeframe_to_seconds,
        timestamp_to_datetime,
    )
    from real_trade.utils.validators import (
        validate_api_keys,
        validate_symbol,
        validate_timeframe,
    )

__all__ = [
    "GlobalConfig",
    "RetryConfig",
    "datetime_to_timestamp",
    "get_logger",
    "load_config",
    "setup_logger",
    "timeframe_to_seconds",
    "timestamp_to_datetime",
    "validate_api_keys",
    "validate_symbol",
    "validate_timeframe",
]

_HOMES = {
    "config": ("GlobalConfig", "load_config"),
    "logger": ("get_logger", "setup_logger"),
    "retry": ("RetryConfig",),
    "time_utils": ("datetime_to_timestamp", "timeframe_to_seconds", "timestamp_to_datetime"),
    "validators": ("validate_api_keys", "validate_symbol", "validate_timeframe"),
}


def __getattr__(name: str) -> Any:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
