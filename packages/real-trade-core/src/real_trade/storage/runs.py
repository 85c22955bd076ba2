"""Runs in the store: what writes them, what reads them, and commands to them."""

from __future__ import annotations

from real_trade.storage.command_values import Command, CommandState, Hold, HoldKind, Verb
from real_trade.storage.commands import poll_commands, post_command
from real_trade.storage.places import data_folder, database_url, kill_file
from real_trade.storage.run_log import RunLog
from real_trade.storage.run_reader import RunReader
from real_trade.storage.run_values import EquityPoint, FillRow, OrderRow, RunRecord, RunState

__all__ = [
    "Command",
    "CommandState",
    "EquityPoint",
    "FillRow",
    "Hold",
    "HoldKind",
    "OrderRow",
    "RunLog",
    "RunReader",
    "RunRecord",
    "RunState",
    "Verb",
    "data_folder",
    "database_url",
    "kill_file",
    "poll_commands",
    "post_command",
]
