"""What the exchange says when it refuses: Binance's code, its text, and the HTTP status.

Texts are those of Binance's spot documentation, page `errors.md`, and of its table "Failures during
order placement".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ApiError",
    "cancel_rejected",
    "empty",
    "filter_failure",
    "illegal",
    "invalid",
    "mandatory",
    "not_required",
    "order_rejected",
    "too_precise",
]


class ApiError(Exception):
    """A refusal, as the client sees it.

    Attributes:
        code: Binance's negative code.
        status: the HTTP status, also the `status` of a websocket reply.
        data: what some refusals carry besides code and text.
        headers: such as Retry-After.
        page: HTML instead of JSON, where a server before the exchange answers.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        data: Mapping[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        page: str = "",
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.data = data
        self.headers = headers
        self.page = page

    def body(self) -> dict[str, Any]:
        """Return the refusal as Binance's JSON."""
        body: dict[str, Any] = {"code": self.code, "msg": self.message}
        if self.data is not None:
            body["data"] = dict(self.data)
        return body


def mandatory(name: str) -> ApiError:
    """A parameter that must be there is not."""
    return ApiError(
        -1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
    )


def empty(name: str) -> ApiError:
    """A parameter was sent without a value."""
    return ApiError(-1105, f"Parameter '{name}' was empty.")


def illegal(name: str, pattern: str) -> ApiError:
    """A parameter has characters that it may not have."""
    return ApiError(
        -1100, f"Illegal characters found in parameter '{name}'; legal range is '{pattern}'."
    )


def invalid(name: str) -> ApiError:
    """A parameter is well formed and makes no sense."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def either(first: str, second: str) -> ApiError:
    """Neither of two parameters was sent."""
    return ApiError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def not_required(name: str) -> ApiError:
    """A parameter was sent that this kind of request does not take."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def too_precise(name: str) -> ApiError:
    """A number has more decimals than the asset."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def filter_failure(name: str) -> ApiError:
    """An order breaks a filter of exchangeInfo."""
    return ApiError(-1013, f"Filter failure: {name}")


def order_rejected(message: str) -> ApiError:
    """The matching engine refuses an order."""
    return ApiError(-2010, message)


def cancel_rejected(message: str = "Unknown order sent.") -> ApiError:
    """The matching engine refuses a cancel."""
    return ApiError(-2011, message)
