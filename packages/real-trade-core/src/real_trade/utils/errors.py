"""The root of real-trade's errors, and those that concern no exchange."""

from __future__ import annotations

__all__ = ["ConfigurationError", "DataError", "RealTradeError"]


class RealTradeError(Exception):
    """The root of all errors that real-trade raises on purpose.

    Attributes:
        remedy: what the user can do, as a sentence or a command.
    """

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class ConfigurationError(RealTradeError):
    """The user's settings or files are wrong."""


class DataError(RealTradeError):
    """Market data are missing, wrong or contradict themselves."""
