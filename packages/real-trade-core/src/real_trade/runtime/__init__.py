"""The seams to the world of time, threads and chance; nothing else in the project touches them.

`SystemRuntime` is the real one. `VirtualRuntime` runs everything on one thread in virtual time, so
that a day passes in seconds and a seed repeats exactly.
"""

from real_trade.runtime.clock import Clock, SystemClock
from real_trade.runtime.inbox import Inbox
from real_trade.runtime.lanes import Lane, ThreadLane
from real_trade.runtime.seams import Runtime, Timer
from real_trade.runtime.system import SystemRuntime
from real_trade.runtime.virtual import VirtualClock, VirtualRuntime

__all__ = [
    "Clock",
    "Inbox",
    "Lane",
    "Runtime",
    "SystemClock",
    "SystemRuntime",
    "ThreadLane",
    "Timer",
    "VirtualClock",
    "VirtualRuntime",
]
