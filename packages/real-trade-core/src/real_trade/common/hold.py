"""What holds orders back from outside: seen at the gate, and once more right before sending.

A pause lets out what reduces a position, a kill nothing. Both may be set from any thread, so they
work while the strategy is busy or hangs.
"""

from __future__ import annotations

from typing import Any, cast

from real_trade.exchange import Exchange, PairingExchange, Unavailable
from real_trade.model import OrderIntent, OrderReport
from real_trade.storage.command_values import Hold, HoldKind

__all__ = ["HoldSwitch", "held_exchange"]

_MOST_UNSENT = 1000


class HoldSwitch:
    """Engaged or not; any thread may ask and set."""

    def __init__(self) -> None:
        self._hold: Hold | None = None
        self._reducing: set[str] = set()

    @property
    def hold(self) -> Hold | None:
        """Return what holds orders back, or None."""
        return self._hold

    def engage(self, hold: Hold) -> None:
        """Hold back; a kill is not weakened to a pause."""
        held = self._hold
        if held is None or held.kind is not HoldKind.KILL:
            self._hold = hold

    def lift(self) -> Hold | None:
        """Let orders leave again; return what held them."""
        held, self._hold = self._hold, None
        return held

    def fault_of(self, intent: OrderIntent, *, adds_risk: bool) -> str:
        """Return why an order may not leave, or ""; the gate asks on Cerebro's thread."""
        if not adds_risk:
            if len(self._reducing) >= _MOST_UNSENT:  # of those that a later check denied
                self._reducing.clear()
            self._reducing.add(intent.client_order_id)
        held = self._hold
        return "" if held is None else _fault(held, adds_risk=adds_risk)

    def last_fault_of(self, intent: OrderIntent) -> str:
        """Return why an order that the gate let pass may not leave now; asked on the order lane."""
        reduces = intent.client_order_id in self._reducing
        self._reducing.discard(intent.client_order_id)
        held = self._hold
        return "" if held is None else _fault(held, adds_risk=not reduces)


def _fault(hold: Hold, *, adds_risk: bool) -> str:
    if hold.kind is HoldKind.KILL:
        return f"the bot is killed{_why(hold)}; real-trade resume --confirm lifts it"
    if adds_risk:
        return f"the bot is paused{_why(hold)} and takes no entries; real-trade resume lifts it"
    return ""


def _why(hold: Hold) -> str:
    who = f" by {hold.asked_by}" if hold.asked_by else ""
    return f"{who} ({hold.reason})" if hold.reason else who


def held_exchange(exchange: Exchange, switch: HoldSwitch) -> Exchange:
    """Return the exchange with the switch before `submit`; everything else goes straight to it."""
    return cast("Exchange", _HeldExchange(exchange, switch))


class _HeldExchange:
    def __init__(self, exchange: Exchange, switch: HoldSwitch) -> None:
        self._exchange = exchange
        self._switch = switch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exchange, name)

    def submit(self, intent: OrderIntent) -> OrderReport:
        fault = self._switch.last_fault_of(intent)
        if fault:
            raise Unavailable(fault)
        return self._exchange.submit(intent)

    def submit_oco(self, first: OrderIntent, second: OrderIntent) -> list[OrderReport]:
        for intent in (first, second):
            fault = self._switch.last_fault_of(intent)
            if fault:
                raise Unavailable(fault)
        return cast("PairingExchange", self._exchange).submit_oco(first, second)
