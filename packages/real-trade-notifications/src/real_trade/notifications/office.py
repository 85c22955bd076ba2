"""Decides who is told what, and does not rest until somebody was: the channels, the second channel,
the siren."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import attrs

from real_trade.notifications.channel import Channel
from real_trade.notifications.note import Note, at_least
from real_trade.notifications.outbox import Outbox, Pace
from real_trade.notifications.settings import NotificationSettings, QuietHours
from real_trade.notifications.siren import Siren
from real_trade.plugins import Message, Severity
from real_trade.runtime import Runtime

__all__ = ["Office"]

_LOG = logging.getLogger("real_trade.notifications")
_MOST_HELD = 500


@attrs.define
class _Alarm:
    """An alarm on its way: who is still trying, and whether anybody has it."""

    trying: int
    arrived: bool = False
    second_tried: bool = False


class Office:
    """Thread-safe; nothing here blocks but `flush` and `close`.

    Args:
        channels: in the order of the settings.
        second: used when none of them took an alarm (error or critical).
    """

    def __init__(
        self,
        settings: NotificationSettings,
        channels: Sequence[Channel],
        runtime: Runtime,
        *,
        second: Channel | None = None,
        siren: Siren | None = None,
    ) -> None:
        pace = Pace(digest_s=settings.digest_s, a_minute=settings.a_minute)
        self.siren = siren or Siren()
        self._settings = settings
        self._runtime = runtime
        self._quiet = QuietHours.parse(settings.quiet_hours)
        self._boxes = {one.name: Outbox(one, runtime, pace, self._tried) for one in channels}
        self._second = None if second is None else Outbox(second, runtime, pace, self._second_tried)
        self._alarms: dict[int, _Alarm] = {}
        self._held: list[Note] = []
        self._lock = threading.RLock()

    def deliver(self, message: Message) -> None:
        """Take a message; it is on its way, held, or not worth telling, when this returns."""
        self.tell(Note.of(message, self._settings.template))

    def tell(self, note: Note) -> None:
        """Take a note."""
        if not _is_alarm(note) and self._hold_for_the_night(note):
            return
        wanted = [
            box
            for name, box in self._boxes.items()
            if at_least(note.severity, self._settings.lowest(name))
        ]
        if not _is_alarm(note):
            for box in wanted:
                box.put(note)
            return
        with self._lock:
            self._alarms[id(note)] = _Alarm(trying=len(wanted))
        held = sum(not box.put(note) for box in wanted)
        self._settle_alarm(note, ended=held, arrived=held > 0 and held == len(wanted))

    @property
    def failing(self) -> dict[str, str]:
        """Return the channels that do not work, and why."""
        boxes = [*self._boxes.values(), *([self._second] if self._second else [])]
        return {box.channel.name: box.failing for box in boxes if box.failing}

    def flush(self, timeout_s: float = 5.0) -> None:
        """Send what is held back and wait for what is on its way."""
        self._morning()
        boxes = [*self._boxes.values(), *([self._second] if self._second else [])]
        for box in boxes:
            box.flush(timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush and stop."""
        self.flush(timeout_s)
        boxes = [*self._boxes.values(), *([self._second] if self._second else [])]
        for box in boxes:
            box.close(0.5)

    # Quiet hours

    def _hold_for_the_night(self, note: Note) -> bool:
        now = self._runtime.clock.now().astimezone(self._settings.zone)
        seconds = 0.0 if self._quiet is None else self._quiet.hold(now)
        if not seconds:
            return False
        with self._lock:
            if not self._held:
                self._runtime.call_later(seconds, self._morning)
            self._held.append(note)
            del self._held[:-_MOST_HELD]
        return True

    def _morning(self) -> None:
        with self._lock:
            held, self._held = self._held, []
        if not held:
            return
        lines = [f"{one.title}: {one.text}" if one.text else one.title for one in held[-20:]]
        worst = max((one.severity for one in held), key=list(Severity).index)
        title = f"{len(held)} messages from the quiet hours"
        digest = Note(severity=worst, title=title, text="\n".join(lines), key=title)
        for box in self._boxes.values():
            box.put(digest)

    # Alarms

    def _tried(self, note: Note, arrived: bool) -> None:
        if _is_alarm(note):
            self._settle_alarm(note, ended=1, arrived=arrived)

    def _settle_alarm(self, note: Note, *, ended: int, arrived: bool) -> None:
        with self._lock:
            alarm = self._alarms.get(id(note)) or _Alarm(trying=ended)
            alarm.trying -= ended
            alarm.arrived = alarm.arrived or arrived
            if alarm.trying > 0:
                return
            self._alarms.pop(id(note), None)
        if not alarm.arrived:
            self._last_resort(note)

    def _last_resort(self, note: Note) -> None:
        if self._second is None:
            self._sound(note)
        elif not self._second.put(note):
            _LOG.info("the second channel has been told of %r already", note.title)

    def _second_tried(self, note: Note, arrived: bool) -> None:
        if not arrived:
            self._sound(note)

    def _sound(self, note: Note) -> None:
        _LOG.critical(
            "nobody could be told: %s: %s; see %s", note.title, note.text, self.siren.path
        )
        try:
            self.siren.sound(note, self._runtime.clock.now())
        except OSError as error:
            _LOG.critical("the siren file cannot be written: %s", error)


def _is_alarm(note: Note) -> bool:
    return at_least(note.severity, Severity.ERROR)
