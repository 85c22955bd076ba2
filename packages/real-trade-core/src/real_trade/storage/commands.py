"""What people ask of a bot from outside, and what holds it back: through the store.

A command is accepted when it is written, running once the bot has taken it, and done or failed in
the end. A hold (pause or kill) is written together with its command, so that it stands whether
the bot runs or not, and over its restarts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import attrs
import orjson
from sqlalchemy import Connection, Engine, delete, insert, select, update

from real_trade.storage._rows import read_time, stamp
from real_trade.storage._upsert import upsert
from real_trade.storage.command_values import Command, CommandState, Hold, HoldKind, Verb
from real_trade.storage.engine import READING
from real_trade.storage.tables import commands, holds
from real_trade.utils.errors import ConfigurationError

__all__ = [
    "command",
    "hold_of",
    "lift_hold",
    "mark_command",
    "poll_commands",
    "post_command",
    "recent_commands",
    "set_hold",
]


_HOLDS = {Verb.PAUSE: HoldKind.PAUSE, Verb.FLATTEN: HoldKind.PAUSE, Verb.KILL: HoldKind.KILL}


def post_command(
    engine: Engine,
    *,
    bot: str,
    verb: Verb,
    time: datetime,
    asked_by: str,
    args: Mapping[str, Any] | None = None,
    run_id: str = "",
) -> Command:
    """Write a command down, with the hold that it means; return it as accepted.

    `kill` and `pause` hold the bot from here on, whether it runs or not. Asking again changes
    nothing but the list of commands. What lifts a hold is the bot's answer, or `lift_hold`.

    Raises:
        ConfigurationError: `cancel` without an order.
    """
    told = dict(args or {})
    if verb is Verb.CANCEL and not told.get("order"):
        raise ConfigurationError(
            "a cancel needs an order", remedy="real-trade orders shows their client order ids"
        )
    row = {
        "bot": bot,
        "run_id": run_id,
        "verb": verb.value,
        "args": orjson.dumps(told).decode(),
        "asked_by": asked_by,
        "asked_at": stamp(time),
        "state": CommandState.ACCEPTED.value,
        "detail": "",
        "finished_at": None,
    }
    with engine.begin() as connection:
        written = connection.execute(insert(commands).values(**row))
        if verb in _HOLDS:
            reason = str(told.get("reason", ""))
            hold = Hold(bot=bot, kind=_HOLDS[verb], asked_by=asked_by, since=time, reason=reason)
            _hold(connection, hold)
        key = written.inserted_primary_key
    return Command(
        id=int(key[0]) if key else 0,
        bot=bot,
        run_id=run_id,
        verb=verb,
        args=told,
        asked_by=asked_by,
        asked_at=time,
    )


def poll_commands(engine: Engine, bot: str, run_id: str) -> list[Command]:
    """Return what a run has not taken yet, oldest first."""
    mine = (commands.c.run_id == "") | (commands.c.run_id == run_id)
    return _read(
        engine,
        select(commands)
        .where(commands.c.bot == bot, commands.c.state == CommandState.ACCEPTED.value, mine)
        .order_by(commands.c.id),
    )


def recent_commands(engine: Engine, bot: str, limit: int = 50) -> list[Command]:
    """Return a bot's newest commands, newest first."""
    wanted = select(commands).where(commands.c.bot == bot)
    return _read(engine, wanted.order_by(commands.c.id.desc()).limit(limit))


def command(engine: Engine, command_id: int) -> Command | None:
    """Return a command as it stands now."""
    found = _read(engine, select(commands).where(commands.c.id == command_id))
    return found[0] if found else None


def mark_command(
    engine: Engine, command_id: int, state: CommandState, *, time: datetime, detail: str = ""
) -> None:
    """Say how far a command has come; one that has ended stays as it is."""
    ended = [final.value for final in CommandState if final.is_final]
    finished = stamp(time) if state.is_final else None
    with engine.begin() as connection:
        connection.execute(
            update(commands)
            .where(commands.c.id == command_id, commands.c.state.not_in(ended))
            .values(state=state.value, detail=detail, finished_at=finished)
        )


def hold_of(engine: Engine, bot: str) -> Hold | None:
    """Return what holds a bot back, or None."""
    with _reading(engine) as connection:
        row = connection.execute(select(holds).where(holds.c.bot == bot)).mappings().first()
    if row is None:
        return None
    plain = {**row, "kind": HoldKind(row["kind"]), "since": read_time(row["since"])}
    return Hold(**plain)


def set_hold(engine: Engine, hold: Hold) -> None:
    """Hold a bot back; a kill is not weakened to a pause."""
    with engine.begin() as connection:
        _hold(connection, hold)


def lift_hold(engine: Engine, bot: str, *, asked: Command | None = None) -> bool:
    """Lift what holds a bot back; return whether nothing holds it any more.

    Args:
        asked: the command that lifts; a hold that was asked for after it stays.
    """
    with engine.begin() as connection:
        if asked is not None:
            later = (
                select(commands.c.id)
                .where(commands.c.bot == bot, commands.c.id > asked.id)
                .where(commands.c.verb.in_([verb.value for verb in _HOLDS]))
            )
            if connection.execute(later.limit(1)).first() is not None:
                return False
        connection.execute(delete(holds).where(holds.c.bot == bot))
    return True


def _hold(connection: Connection, hold: Hold) -> None:
    known = connection.execute(select(holds.c.kind).where(holds.c.bot == hold.bot)).scalar()
    if known in {HoldKind.KILL.value, hold.kind.value}:
        return
    row = attrs.asdict(hold) | {"kind": hold.kind.value, "since": stamp(hold.since)}
    upsert(connection, holds, [row])


def _read(engine: Engine, statement: Any) -> list[Command]:
    with _reading(engine) as connection:
        rows = connection.execute(statement).mappings().all()
    return [_command(dict(row)) for row in rows]


def _command(row: dict[str, Any]) -> Command:
    row |= {
        "verb": Verb(row["verb"]),
        "state": CommandState(row["state"]),
        "args": orjson.loads(row["args"]),
        "asked_at": read_time(row["asked_at"]),
        "finished_at": read_time(row["finished_at"]) if row["finished_at"] else None,
    }
    return Command(**row)


def _reading(engine: Engine) -> Connection:
    return engine.connect().execution_options(**{READING: True})
