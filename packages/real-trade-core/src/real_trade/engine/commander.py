"""Carries out what people ask of a running bot.

A watcher looks into the store many times a second, on a lane of its own: a pause or a kill takes
effect there and then, however busy the strategy is. What touches orders is done on Cerebro's
thread; should that not answer, a kill cancels at the exchange without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from real_trade.common import BaseStore
from real_trade.engine.command_box import CommandBox
from real_trade.engine.jobs import CancelAll, CancelOne, Flatten, Job, JobRunner
from real_trade.engine.run_observer import RunObserver
from real_trade.exchange import ExchangeError, OrderNotFound
from real_trade.model import Order
from real_trade.plugins import PluginManager
from real_trade.runtime import Runtime
from real_trade.storage.command_values import Command, CommandState, Hold, HoldKind, Verb

__all__ = ["Commander", "Run"]

_LOG = logging.getLogger("real_trade.engine.commands")
_POLL_S = 0.04
_ANSWER_S = 1.0


class Run(Protocol):
    """What a commander needs of the run."""

    store: BaseStore

    def stop(self, reason: str = "") -> None:
        """Ask the run to end."""

    def strategy(self) -> Any:
        """Return the running strategy, or None."""


class Commander:
    """Polls the command box and sees each command through.

    Args:
        box: opened for this bot and run.
        observer: knows what is open, and writes the state down.
        runtime: of the watcher; it must outlive the store.
        refresh: tells of the account anew; called on Cerebro's thread when an errand has ended.
    """

    def __init__(
        self,
        run: Run,
        box: CommandBox,
        observer: RunObserver,
        plugins: PluginManager,
        runtime: Runtime,
        refresh: Callable[[], None],
    ) -> None:
        self._run = run
        self._store = run.store
        self._box = box
        self._observer = observer
        self._plugins = plugins
        self._jobs = JobRunner(run.store)
        self._runtime = runtime
        self._refresh = refresh
        self._lane = runtime.lane("commands")
        self._under_way: dict[int, Command] = {}
        self._pending_kill: Hold | None = None
        self._closed = False
        self._watching = False

    def start(self) -> None:
        """Heed a hold that stands already, refuse what was asked of an earlier run, and watch."""
        found = self._box.poll()
        if found is not None:
            for command in found[0]:
                self._box.mark(command, CommandState.FAILED, "the bot was not running then")
            self._heed(found[1])
        hold = self._store.hold.hold
        if hold is not None and hold.kind is HoldKind.KILL:
            self._killed(hold, lambda ok, detail: _tell("kill", ok, detail))
        self._watching = True
        self._again()

    def finish(self, reason: str) -> None:
        """Watch no more; a stop that was asked for is done, what else is under way is not."""
        self._closed = True

        def last() -> None:
            for command in list(self._under_way.values()):
                if command.verb is Verb.STOP:
                    self._mark(command, CommandState.DONE, reason)
                else:
                    self._mark(command, CommandState.FAILED, f"the run ended first: {reason}")
            self._box.close()

        self._lane.submit(last)
        self._lane.close()

    def kill(self, by: str, reason: str) -> None:
        """Kill at once and for good; from any thread, or from a signal handler."""
        hold = Hold(
            bot=self._box.bot,
            kind=HoldKind.KILL,
            asked_by=by,
            since=self._runtime.clock.now(),
            reason=reason,
        )
        self._store.hold.engage(hold)
        self._pending_kill = hold  # the watcher writes it down: a handler must not touch the disk

    # On the lane

    def _again(self) -> None:
        if not self._closed:
            self._runtime.call_later(_POLL_S, lambda: self._lane.submit(self._watch))

    def _watch(self) -> None:
        if self._closed:
            return
        try:
            self._keep_pending_kill()
            found = self._box.poll()
            if found is not None:
                commands, hold = found
                self._heed(hold)
                for command in commands:
                    self._take(command)
        finally:
            self._again()

    def _keep_pending_kill(self) -> None:
        pending, self._pending_kill = self._pending_kill, None
        if pending is not None:
            self._box.set_hold(pending)
            self._killed(pending, lambda ok, detail: _tell("kill", ok, detail))

    def _heed(self, hold: Hold | None) -> None:
        """Do as the store says about holds, before anything else."""
        if hold is None or self._store.hold.hold == hold:
            return
        self._store.hold.engage(hold)
        self._observer.state_changed()
        if hold.kind is HoldKind.KILL and hold.asked_by == "file" and self._watching:
            self._killed(hold, lambda ok, detail: _tell("kill file", ok, detail))

    def _take(self, command: Command) -> None:
        _LOG.warning("%s asked by %s", command.verb.value, command.asked_by or "somebody")
        self._mark(command, CommandState.RUNNING)
        take = {
            Verb.STOP: self._stop,
            Verb.PAUSE: self._pause,
            Verb.RESUME: self._resume,
            Verb.KILL: self._kill,
            Verb.FLATTEN: self._flatten,
            Verb.CANCEL: self._cancel,
        }
        take[command.verb](command)

    def _mark(self, command: Command, state: CommandState, detail: str = "") -> None:
        if state.is_final:
            self._under_way.pop(command.id, None)
        else:
            self._under_way[command.id] = command
        self._box.mark(command, state, detail)

    def _stop(self, command: Command) -> None:
        self._run.stop(f"stopped by {command.asked_by or 'a command'}")

    def _pause(self, command: Command) -> None:
        self._mark(command, CommandState.DONE, "no entries leave; exits and cancels do")

    def _resume(self, command: Command) -> None:
        fault = self._box.lift(command)
        if fault:
            self._mark(command, CommandState.FAILED, fault)
            return
        self._store.hold.lift()
        self._observer.state_changed()

        def resume() -> None:
            self._store.desk.resume()
            self._plugins.tell("trading_resumed", by=command.asked_by or "a person")
            self._observer.state_changed()
            self._end(command, ok=True, detail="entries leave again")

        self._store.call(resume)

    def _kill(self, command: Command) -> None:
        hold = self._store.hold.hold
        if hold is None:
            self._mark(command, CommandState.FAILED, "it was lifted before it was seen")
            return
        self._killed(hold, lambda ok, detail: self._end(command, ok=ok, detail=detail))

    def _flatten(self, command: Command) -> None:
        self._begin(command, Flatten(self._store, self._run.strategy))

    def _cancel(self, command: Command) -> None:
        self._begin(command, CancelOne(self._store, str(command.args["order"])))

    def _begin(self, command: Command, job: Job) -> None:
        def ended(ok: bool, detail: str) -> None:
            self._refresh()
            self._end(command, ok=ok, detail=detail)

        self._jobs.begin(job, ended)

    def _end(self, command: Command, *, ok: bool, detail: str) -> None:
        state = CommandState.DONE if ok else CommandState.FAILED
        self._lane.submit(lambda: self._mark(command, state, detail))

    # A kill: nothing leaves any more, and what rests is canceled

    def _killed(self, hold: Hold, ended: Callable[[bool, str], None]) -> None:
        answered: list[bool] = []

        def tell() -> None:
            answered.append(True)
            reason = hold.reason or f"killed by {hold.asked_by or 'a person'}"
            self._plugins.tell("trading_halted", reason=reason)
            self._jobs.begin(CancelAll(self._store), ended)

        self._store.call(tell)
        last_resort = lambda: self._cancel_without(answered, ended)  # noqa: E731
        self._runtime.call_later(_ANSWER_S, lambda: self._lane.submit(last_resort))

    def _cancel_without(self, answered: list[bool], ended: Callable[[bool, str], None]) -> None:
        """Cancel at the exchange where Cerebro's thread does not answer; on the lane."""
        if answered or self._closed:
            return
        _LOG.error("the strategy does not return: its orders are canceled without it")
        ours = self._observer.open_orders()
        try:
            resting = self._resting(ours)
        except ExchangeError as error:
            ended(False, f"what rests at the exchange cannot be read: {error}")
            return
        faults = [
            fault
            for order in ours
            if order.client_order_id in resting and (fault := self._void(order))
        ]
        told = f"{len(resting)} orders canceled at the exchange; the strategy does not return"
        ended(not faults, "; ".join(faults) or told)

    def _resting(self, ours: list[Order]) -> set[str]:
        """Return which of our orders the exchange has: most that we have not heard of filled."""
        reports = (
            report
            for symbol in sorted({order.symbol for order in ours})
            for report in self._store.exchange.open_orders(symbol)
        )
        return {report.client_order_id for report in reports}

    def _void(self, order: Order) -> str:
        try:
            self._store.exchange.cancel(order.symbol, order.client_order_id)
        except OrderNotFound:
            return ""  # it has ended meanwhile
        except ExchangeError as error:
            return f"{order.client_order_id}: {error}"
        return ""


def _tell(what: str, ok: bool, detail: str) -> None:
    _LOG.warning("%s: %s: %s", what, "done" if ok else "failed", detail)
