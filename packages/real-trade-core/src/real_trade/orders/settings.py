"""How patient the order desk is, and what absence proves on which market."""

from __future__ import annotations

from enum import Enum

import attrs

from real_trade.model import Market

__all__ = ["Absence", "DeskSettings", "Unprotected"]


class Absence(Enum):
    """What becomes of an unknown order that the exchange provably does not have."""

    REJECT = "reject"  # it never arrived: the order ends as REJECTED
    ALERT = "alert"  # it stays UNKNOWN and a person decides


class Unprotected(Enum):
    """What is done when the exchange does not take the stop of a bracket whose entry has filled."""

    ALERT = "alert"  # a person is told
    FLATTEN = "flatten"  # what has no stop is closed at market, and a person is told


@attrs.frozen(kw_only=True)
class DeskSettings:
    """Patience, in seconds.

    Attributes:
        send_within_s: an order that could not be sent for so long after the decision is not sent.
        fence_s: how long after its call ended an order may still come to light: a second of clock
            difference, 5 s of recvWindow, 10 s of the exchange's own time-out and 5 s until its
            reads show it (see "proving absence" in TRUST.md).
        absences_apart_s: how far apart two look-ups must be to count as two.
        look_up_after_s: pauses between look-ups; the last is repeated without end.
        fills_after_s: how long fills that a reply or a stream has counted may take to come by
            themselves before they are fetched.
        cancel_after_s: pauses before a cancel that may not have arrived is sent again.
        alert_after_s, halt_after_s: how long an order may stay UNKNOWN before a person is told, and
            before nothing new is sent.
        reconcile_every_s: how often the books are compared with the exchange's; 0 for never.
        overlap_s: how far before the last comparison the next one looks for fills.
        cover_after_s: how long the fills of a bracket's entry may go on before the exits go out for
            what has filled; at once when it has filled whole.
        on_unprotected: what is done when a bracket's stop is refused.
        on_absent: by market. On derivatives the exchange's documents do not say that a late
            request is refused, so absence proves nothing there.
    """

    send_within_s: float = 30.0
    fence_s: float = 21.0
    absences_apart_s: float = 2.0
    look_up_after_s: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 2.5)
    fills_after_s: float = 0.5
    cancel_after_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0)
    alert_after_s: float = 60.0
    halt_after_s: float = 120.0
    reconcile_every_s: float = 60.0
    overlap_s: float = 60.0
    cover_after_s: float = 0.3
    on_unprotected: Unprotected = Unprotected.FLATTEN
    on_absent: dict[Market, Absence] = attrs.field(
        factory=lambda: {
            Market.SPOT: Absence.REJECT,
            Market.FUTURE: Absence.ALERT,
            Market.DELIVERY: Absence.ALERT,
        }
    )

    def pause(self, pauses: tuple[float, ...], attempt: int) -> float:
        """Return the pause before attempt `attempt` (0 is the first); the last one repeats."""
        return pauses[min(attempt, len(pauses) - 1)]
