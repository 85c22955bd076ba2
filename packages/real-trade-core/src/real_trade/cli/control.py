"""What is asked of a running bot: stop, pause, resume, flatten, kill, cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from real_trade.cli.exits import Exit
from real_trade.cli.output import output_option, print_json
from real_trade.cli.stores import Found, asked_by, clock, find_run, store_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from real_trade.storage.command_values import Command

__all__ = ["cancel", "flatten", "kill", "pause", "resume", "stop"]

_LOOK_S = 0.05
_FLATTEN_S = 15.0
_Options = dict[str, Any]


def _asking(function: Callable[..., Any]) -> Callable[..., Any]:
    wait = click.option(
        "--wait",
        default=30.0,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait until it is done; 0 asks and returns.",
    )
    return store_options(wait(output_option(function)))


_reason = click.option("--reason", default="", help="Why: kept with it, and told to all.")


@click.command()
@_asking
@click.pass_context
def stop(ctx: click.Context, /, **options: Any) -> None:
    """End a bot in order: what is in flight is settled, resting orders stay."""
    _ask(ctx, "stop", options)


@click.command()
@_asking
@_reason
@click.pass_context
def pause(ctx: click.Context, /, **options: Any) -> None:
    """Let no entry leave any more; exits and cancels still do. Survives restarts."""
    _ask(ctx, "pause", options)


@click.command()
@_asking
@click.option("--confirm", is_flag=True, help="Lift a kill too, and not only a pause.")
@click.pass_context
def resume(ctx: click.Context, /, **options: Any) -> None:
    """Let a bot trade again after a pause; after a kill only with --confirm."""
    _ask(ctx, "resume", options)


@click.command()
@_asking
@_reason
@click.pass_context
def flatten(ctx: click.Context, /, **options: Any) -> None:
    """Stop entries, cancel all orders of the bot, then close its positions at market."""
    _ask(ctx, "flatten", options)


@click.command()
@_asking
@_reason
@click.option(
    "--flatten",
    "flat",
    is_flag=True,
    help="Close the positions first; entries end at once, and the kill follows in any case.",
)
@click.pass_context
def kill(ctx: click.Context, /, **options: Any) -> None:
    """Let nothing leave any more and cancel what rests, until resume --confirm.

    It takes effect within a tenth of a second, even while the strategy hangs; and a bot that does
    not run comes up killed.
    """
    if options["flat"]:
        _flatten_first(options)
    _ask(ctx, "kill", options)


@click.command()
@click.argument("order")
@_asking
@click.pass_context
def cancel(ctx: click.Context, /, **options: Any) -> None:
    """Cancel one ORDER of the bot, by its client order id or the exchange's."""
    _ask(ctx, "cancel", options)


def _flatten_first(options: _Options) -> None:
    """Close the positions of a bot that runs; whatever comes of it, the kill follows."""
    from real_trade.storage.command_values import Verb

    with find_run(options["bot"], options["mode"], options["db_url"]) as found:
        if not found.is_alive:
            return
        args = {"reason": options["reason"]} if options["reason"] else {}
        told = _through_the_bot(found, Verb.FLATTEN, args, min(options["wait"], _FLATTEN_S))
    if told.state.value != "done":
        click.echo(f"not flat ({told.state.value}: {told.detail}); killing it now", err=True)


def _ask(ctx: click.Context, verb: str, options: _Options) -> None:
    from real_trade.storage.command_values import Verb

    wanted = Verb(verb)
    args = {name: options[name] for name in ("reason", "confirm", "order") if options.get(name)}
    with find_run(options["bot"], options["mode"], options["db_url"]) as found:
        if found.is_alive:
            told = _through_the_bot(found, wanted, args, options["wait"])
        else:
            told = _without_the_bot(found, wanted, args)
        _tell(found, told, options["output"])
    if not told.state.is_final and options["wait"] > 0:
        click.echo("it goes on: real-trade status shows what becomes of it", err=True)
    if told.state.value == "failed" or (not told.state.is_final and options["wait"] > 0):
        ctx.exit(int(Exit.UNEXPECTED))


def _through_the_bot(found: Found, verb: Any, args: _Options, wait_s: float) -> Command:
    reader, run, ticking = found.reader, found.run, clock()
    asked = reader.post(
        run.bot, verb, time=ticking.now(), asked_by=asked_by(), args=args, run_id=run.run_id
    )
    end_s = ticking.monotonic() + wait_s
    told: Command = asked
    while not told.state.is_final and ticking.monotonic() < end_s:
        ticking.sleep(_LOOK_S)
        told = reader.command(asked.id) or told
    return told


def _without_the_bot(found: Found, verb: Any, args: _Options) -> Command:
    """Do what can be done while the bot does not run: its hold stands in the store."""
    from real_trade.storage.command_values import CommandState, HoldKind, Verb
    from real_trade.storage.commands import lift_hold, mark_command
    from real_trade.utils.errors import ConfigurationError

    reader, bot = found.reader, found.run.bot
    if verb not in {Verb.PAUSE, Verb.RESUME, Verb.KILL}:
        raise ConfigurationError(
            f"bot {bot!r} does not run, so it cannot {verb.value}",
            remedy="real-trade kill and pause hold it for its next start; real-trade run starts it",
        )
    now = clock().now()
    asked: Command = reader.post(bot, verb, time=now, asked_by=asked_by(), args=args)
    held = reader.hold(bot)
    state, detail = CommandState.DONE, "the bot does not run; it is held from its next start on"
    if verb is Verb.RESUME:
        detail = "the bot does not run; nothing holds it from its next start on"
        fault = _fault_of_resume(
            bot, killed=held is not None and held.kind is HoldKind.KILL, **args
        )
        if fault:
            state, detail = CommandState.FAILED, fault
        elif not lift_hold(reader.engine, bot, asked=asked):
            state, detail = CommandState.FAILED, "a pause or a kill was asked for after it"
    mark_command(reader.engine, asked.id, state, time=now, detail=detail)
    return reader.command(asked.id) or asked


def _fault_of_resume(bot: str, *, killed: bool, confirm: bool = False, **_: Any) -> str:
    from real_trade.storage.places import kill_file

    if killed and not confirm:
        return "the bot is killed: resume --confirm lifts that"
    if killed and kill_file(bot).exists():
        return f"the kill file is there: remove {kill_file(bot)} first"
    return ""


def _tell(found: Found, told: Command, output: str) -> None:
    if output == "json":
        print_json(
            {
                "mode": found.run.mode.value,
                "bot": told.bot,
                "run_id": found.run.run_id,
                "command": told.id,
                "verb": told.verb.value,
                "state": told.state.value,
                "detail": told.detail,
            }
        )
        return
    detail = f": {told.detail}" if told.detail else ""
    click.echo(f"[{found.run.mode.value}] {told.bot}: {told.verb.value} {told.state.value}{detail}")
