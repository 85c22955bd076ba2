"""Errors at the boundary answer one question: may it have happened?

RealTradeError
├── ConfigurationError          the user's settings are wrong (exit code 3)
├── DataError                   data are missing or wrong (exit code 9)
└── ExchangeError
    ├── Rejected                no: the exchange refused; stop asking, say why
    │   ├── InsufficientFunds
    │   ├── InvalidOrder
    │   ├── OrderNotFound       the exchange does not know the id; no proof of absence by itself
    │   ├── DuplicateOrder      an order with this id is there already: look it up and adopt it
    │   ├── UnknownSymbol
    │   └── ClockSkew           our timestamp was outside the window; measure the offset anew
    ├── Unavailable             no: nothing was sent or accepted; `retry_after_s` when told
    │   └── RateLimited         all calls must pause
    ├── OutcomeUnknown          perhaps: never send again, look it up
    └── AuthError               no: the key is wrong or lacks a right; halt and tell a person
"""

from __future__ import annotations

from real_trade.utils.errors import ConfigurationError, DataError, RealTradeError

__all__ = [
    "AuthError",
    "ClockSkew",
    "ConfigurationError",
    "DataError",
    "DuplicateOrder",
    "ExchangeError",
    "InsufficientFunds",
    "InvalidOrder",
    "OrderNotFound",
    "OutcomeUnknown",
    "RateLimited",
    "RealTradeError",
    "Rejected",
    "Unavailable",
    "UnknownSymbol",
]


class ExchangeError(RealTradeError):
    """Something went wrong between us and an exchange.

    Attributes:
        code: the exchange's own code, 0 if it told none.
        status: the HTTP status, 0 if there was none.
    """

    def __init__(
        self, message: str, *, code: int | str = 0, status: int = 0, remedy: str = ""
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.code = code
        self.status = status


class Rejected(ExchangeError):
    """It did not happen: the exchange refused."""


class InsufficientFunds(Rejected):
    """Refused: not enough balance or margin."""


class InvalidOrder(Rejected):
    """Refused: the order breaks a rule of the exchange."""


class OrderNotFound(Rejected):
    """The exchange does not know the order now. Right after a send this proves nothing."""


class DuplicateOrder(Rejected):
    """An open order has this client order id already: the first send arrived."""


class UnknownSymbol(Rejected):
    """Refused: no such symbol."""


class ClockSkew(Rejected):
    """Refused: our timestamp was outside the exchange's window."""


class Unavailable(ExchangeError):
    """It did not happen: nothing was sent, or the exchange says it did not take it."""

    def __init__(
        self,
        message: str,
        *,
        code: int | str = 0,
        status: int = 0,
        remedy: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, status=status, remedy=remedy)
        self.retry_after_s = retry_after_s


class RateLimited(Unavailable):
    """It did not happen: too many requests; every call must pause for `retry_after_s`."""


class OutcomeUnknown(ExchangeError):
    """It may have happened. Never send again; look it up by client order id."""


class AuthError(ExchangeError):
    """It did not happen: the key is wrong, has expired, or lacks a right."""
