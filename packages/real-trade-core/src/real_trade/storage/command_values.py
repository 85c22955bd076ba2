"""What can be asked of a bot, how far it has come, and what holds a bot back, as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any

import attrs

from real_trade.model.times import optional_time_field, time_field

__all__ = ["Command", "CommandState", "Hold", "HoldKind", "Verb"]


class Verb(Enum):
    """What can be asked."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    KILL = "kill"
    CANCEL = "cancel"


class CommandState(Enum):
    """How far a command has come."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether nothing follows."""
        return self in {CommandState.DONE, CommandState.FAILED}


class HoldKind(Enum):
    """How far a bot is held back: a pause lets out what reduces a position, a kill nothing."""

    PAUSE = "pause"
    KILL = "kill"


@attrs.frozen(kw_only=True)
class Command:
    """One thing that somebody asked. An empty `run_id` means whichever run takes it."""

    id: int
    bot: str
    run_id: str = ""
    verb: Verb
    args: Mapping[str, Any] = attrs.field(factory=dict)
    asked_by: str = ""
    asked_at: datetime = time_field()
    state: CommandState = CommandState.ACCEPTED
    detail: str = ""
    finished_at: datetime | None = optional_time_field()


@attrs.frozen(kw_only=True)
class Hold:
    """What holds a bot back, since when, and who asked."""

    bot: str
    kind: HoldKind
    asked_by: str = ""
    since: datetime = time_field()
    reason: str = ""
