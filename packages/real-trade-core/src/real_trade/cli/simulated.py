"""A simulated exchange in a process of its own, for the demonstration."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import attrs
import orjson

from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

__all__ = ["SimulatedExchange", "simulated_exchange"]

_STOP_S = 5.0
_ANSWER_S = 5.0


@attrs.frozen(kw_only=True)
class SimulatedExchange:
    """A running simulator: where it is, and the keys of its first account."""

    endpoint: str
    control: str
    apikey: Secret = attrs.field(converter=Secret)
    secret: Secret = attrs.field(converter=Secret)

    def ledger(self) -> dict[str, Any]:
        """Return the exchange's own books."""
        return self._ask("ledger")

    def add_fault(self, rule: dict[str, Any]) -> None:
        """Have the exchange do something wrong on purpose."""
        self._ask("faults", orjson.dumps(rule))

    def _ask(self, what: str, body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self.control}/{what}", data=body, headers={"content-type": "application/json"}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=_ANSWER_S) as reply:
            answer: dict[str, Any] = orjson.loads(reply.read())
            return answer


@contextmanager
def simulated_exchange(seed: int) -> Iterator[SimulatedExchange]:
    """Start a simulator, yield it once it is ready, and end it.

    Raises:
        ConfigurationError: it does not start; the message holds its last words.
    """
    command = [sys.executable, "-m", "real_trade.cli", "simulator"]
    command += ["--port", "0", "--seed", str(seed), "--output", "json", "--until-stdin-closes"]
    with tempfile.TemporaryFile() as errors:
        # A session of its own: Ctrl-C stops the strategy first; the books are compared after it.
        process = subprocess.Popen(  # noqa: S603 - our own command
            command,
            stdin=subprocess.PIPE,  # it ends when this pipe does, however this process ends
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            yield _ready(process, errors)
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def _ready(process: subprocess.Popen[bytes], errors: IO[bytes]) -> SimulatedExchange:
    line = process.stdout.readline() if process.stdout is not None else b""
    if not line:
        process.wait(_STOP_S)
        errors.seek(0)
        words = errors.read().decode(errors="replace")
        raise ConfigurationError(
            f"the simulated exchange did not start: {words.strip() or 'it said nothing'}",
            remedy="pip install real-trade-simulator",
        )
    told = orjson.loads(line)
    return SimulatedExchange(
        endpoint=told["spot"]["rest"],
        control=told["control"],
        apikey=told["apikey"],
        secret=told["secret"],
    )
