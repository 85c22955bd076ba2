"""What one market puts on the wire: its endpoints, its websockets, its limits.

Spot is one surface; USDⓈ-M and COIN-M are two more. The gateway finds the surface by path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from real_trade.simulator.calls import Endpoint
from real_trade.simulator.limits import Limits, OrderCounts
from real_trade.simulator.sockets import Session, SocketEnd

__all__ = ["Surface", "SurfaceAddresses"]

SurfaceAddresses = Mapping[str, str]
"""`rest`, `ws` and `ws_api`: what a client of the market is told, below host and port."""


class Surface(Protocol):
    """One market's protocol: its name is spot, usdm or coinm."""

    @property
    def name(self) -> str:
        """Return the market's name."""

    @property
    def is_futures(self) -> bool:
        """Return which of a key's rights the market asks for."""

    @property
    def rest(self) -> Mapping[tuple[str, str], Endpoint]:
        """Return the endpoints by method and path."""

    @property
    def limits(self) -> Limits:
        """Return the request weights by address; futures markets share one."""

    @property
    def addresses(self) -> SurfaceAddresses:
        """Return the paths below which `rest`, `ws` and `ws_api` are found."""

    def counts(self, account: str) -> OrderCounts:
        """Return the account's unfilled-order counts."""

    def owns_socket(self, path: str) -> bool:
        """Return whether a websocket to `path` is this market's."""

    def open_socket(self, path: str, query: str, session: Session, ip: str) -> SocketEnd | None:
        """Open a websocket; None if the path leads nowhere."""

    def terminate_user_streams(self, account: str) -> int:
        """End the account's user data streams, as a lost key does; return how many ended."""
