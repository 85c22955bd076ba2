"""The exchange without sockets: behind core's transport seams, in virtual time.

The same gateway as on the wire. A request takes latency by virtual timers; what a fault does to
the bytes comes out as the errors that a real transport would raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from real_trade.exchange.transport import (
    HttpReply,
    HttpRequest,
    NotSent,
    ReplyLost,
    SocketHandler,
)
from real_trade.model import to_ms
from real_trade.paper import DepthModel, RecordedTape, Tape
from real_trade.plugins.values import Network, SimulatedMarket
from real_trade.runtime import VirtualClock, VirtualRuntime
from real_trade.simulator.frames import FrameError, payload_of
from real_trade.simulator.messages import Message
from real_trade.simulator.replies import Answer, Later, Reply, Request
from real_trade.simulator.settings import SimulatorSettings, Switches
from real_trade.simulator.simulator import Simulator
from real_trade.simulator.sockets import SocketEnd
from real_trade.simulator.symbols import spot_listings
from real_trade.utils.errors import ConfigurationError

__all__ = ["InProcessExchange", "in_process_network"]

_IP = "127.0.0.1"


def in_process_network(market: SimulatedMarket) -> Network:
    """Return the way to a simulator that plays recorded bars; its time starts with the first.

    Raises:
        ConfigurationError: the clock is not a virtual one, a symbol is not listed, or has no bars.
    """
    if not isinstance(market.runtime, VirtualRuntime):
        raise ConfigurationError("a simulator in this process needs a virtual clock")
    natives = [symbol.replace("/", "") for symbol in market.bars]
    listings = {one.instrument.symbol: one.instrument for one in spot_listings(natives)}
    empty = [symbol for symbol, bars in market.bars.items() if not bars]
    if empty:
        raise ConfigurationError(f"there are no bars of {', '.join(empty)}")
    depth = DepthModel(
        spread=market.spread or Decimal(0),
        amount=Decimal(1_000_000),
        is_locked=market.spread is None,
    )
    tapes = {
        symbol: RecordedTape(listings[symbol], bars, depth=depth)
        for symbol, bars in market.bars.items()
    }
    first = min(bars[0].open_time for bars in market.bars.values())
    settings = SimulatorSettings(
        start_ms=to_ms(first),
        symbols=tuple(natives),
        usdm_symbols=(),
        coinm_symbols=(),
        balances=market.balances,
        keys={"default": (market.apikey, market.secret)},
        maker_fee=market.fee,
        taker_fee=market.fee,
        switches=Switches(accounts_on_tape=market.spread is not None),
    )
    exchange = InProcessExchange(
        market.runtime, settings, latency_ms=market.latency_ms, tapes=tapes
    )
    return Network(exchange, exchange)


class InProcessExchange:
    """A `Transport` and a `Connector` that lead to a simulator on a virtual clock.

    Args:
        runtime: whose clock the exchange lives by; the client must use the same one.
        latency_ms: one way; requests and replies, and messages of streams, take so long.
        tapes: by unified symbol, instead of generated ones.
    """

    def __init__(
        self,
        runtime: VirtualRuntime,
        settings: SimulatorSettings,
        *,
        latency_ms: int = 5,
        tapes: Mapping[str, Tape] | None = None,
    ) -> None:
        self.runtime = runtime
        self.clock: VirtualClock = runtime.clock
        self.simulator = Simulator(settings, tapes)
        self.latency_s = latency_ms / 1000
        self._offset_ms = settings.start_ms - to_ms(self.clock.true_now())
        self._wake_at: int | None = None
        self._wake()

    def now_ms(self) -> int:
        """Return the exchange's time."""
        return to_ms(self.clock.true_now()) + self._offset_ms

    def move_to(self, runtime: VirtualRuntime) -> None:
        """Go on by another clock, which shows the same time: a client's process was restarted."""
        self.runtime, self.clock = runtime, runtime.clock
        self._wake_at = None
        self._wake()

    # Transport

    def send(self, request: HttpRequest) -> HttpReply:
        """Return the reply, after as much virtual time as it takes."""
        deadline = self.clock.monotonic() + request.deadline_s
        url = urlsplit(request.url)
        asked = Request(
            method=request.method,
            path=url.path,
            query=url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=request.body,
        )
        self._pass(self.latency_s, deadline)
        answer = self.simulator.gateway.http(asked, _IP, self.now_ms())
        self._wake()
        reply = self._await(answer, deadline)
        return self._received(reply, deadline)

    def close(self) -> None:
        """Nothing is kept open between requests."""

    # Connector

    def open(self, url: str, handler: SocketHandler) -> VirtualSocket:
        """Start to connect; `handler` hears the rest in virtual time."""
        parts = urlsplit(url)
        found = VirtualSocket(self, handler)
        self.runtime.call_later(self.latency_s, lambda: found.connect(parts.path, parts.query))
        return found

    def _await(self, answer: Answer, deadline: float) -> Reply:
        if isinstance(answer, Reply):
            return answer
        wait_s = max(0.0, (answer.at_ms - self.now_ms()) / 1000)
        if self.clock.monotonic() + wait_s > deadline:
            # The client gives up; the request goes its way all the same.
            later: Later = answer
            self.simulator.schedule.at(later.at_ms, lambda: _run(later))
            self._wake()
            self._pass(deadline - self.clock.monotonic(), deadline)
            raise ReplyLost("no reply before the deadline")
        self.clock.sleep(wait_s)
        reply = answer.run()
        self._wake()
        return reply

    def _received(self, reply: Reply, deadline: float) -> HttpReply:
        way = reply.delivery
        if way.refuse:
            raise NotSent("connection refused")
        if way.lost:
            self._pass(deadline - self.clock.monotonic(), deadline)
            raise ReplyLost("no reply before the deadline")
        travel_s = self.latency_s + way.delay_ms / 1000
        if way.bytes_per_s:
            travel_s += len(reply.body) / way.bytes_per_s
        self._pass(travel_s, deadline)
        if way.reset:
            raise ReplyLost("connection reset by peer")
        if way.part < 1.0:
            raise ReplyLost("connection closed before the reply was whole")
        headers = {name.lower(): value for name, value in reply.headers}
        return HttpReply(status=reply.status, headers=headers, body=reply.body)

    def _pass(self, seconds: float, deadline: float) -> None:
        left = deadline - self.clock.monotonic()
        self.clock.sleep(max(0.0, min(seconds, left)))
        if seconds > left:
            raise ReplyLost("no reply before the deadline")

    def _wake(self) -> None:
        """Run what is due, and come back when the next thing is."""
        schedule = self.simulator.schedule
        schedule.run(self.now_ms())
        due = schedule.next_due()
        if due is None or (self._wake_at is not None and self.now_ms() < self._wake_at <= due):
            return
        self._wake_at = due
        self.runtime.call_later((due - self.now_ms()) / 1000, lambda: self._woken(due))

    def _woken(self, due: int) -> None:
        if self._wake_at == due:
            self._wake_at = None
            self._wake()

    def act(self, act: Callable[[], None]) -> None:
        """Do something at the exchange now, and keep its time going."""
        self.simulator.schedule.run(self.now_ms())
        act()
        self._wake()

    def later(self, act: Callable[[], None]) -> None:
        """Do something one way's latency from now."""
        self.runtime.call_later(self.latency_s, act)


def _run(later: Later) -> None:
    """Do what a request asks for although nobody waits for the reply any more."""
    later.run()


class VirtualSocket:
    """The client's end of a websocket without a wire."""

    def __init__(self, world: InProcessExchange, handler: SocketHandler) -> None:
        self._world = world
        self._handler = handler
        self._end: SocketEnd | None = None
        self._closed = False
        self._heard = world.clock.monotonic()

    @property
    def last_heard(self) -> float:
        """Return the monotonic time of the last byte that came, pongs included."""
        return self._heard

    def send(self, text: str) -> None:
        """Send a text message."""
        self._out(lambda end: end.on_text(text.encode()))

    def ping(self) -> None:
        """Send a ping."""
        self._out(lambda end: end.on_ping(b""))

    def close(self) -> None:
        """Close from this side."""
        if not self._closed:
            self._out(lambda end: end.on_closed())
            self.ended(1000, "")

    def connect(self, path: str, query: str) -> None:
        """Arrive at the exchange."""
        if self._closed:
            return
        world = self._world
        world.simulator.schedule.run(world.now_ms())
        opened = world.simulator.gateway.open_socket(path, query, _Wire(world, self), _IP)
        if isinstance(opened, Reply):
            status = opened.status
            world.later(lambda: self.ended(1006, f"the handshake got HTTP {status}"))
            return
        self._end = opened
        world.later(self.opened)
        world.act(lambda: None)

    def opened(self) -> None:
        """Hear that the handshake is done."""
        if not self._closed:
            self._heard = self._world.clock.monotonic()
            self._handler.on_open()

    def heard(self, payload: bytes) -> None:
        """Hear a message."""
        if not self._closed:
            self._heard = self._world.clock.monotonic()
            self._handler.on_message(payload)

    def ponged(self) -> None:
        """Hear a pong."""
        if not self._closed:
            self._heard = self._world.clock.monotonic()

    def pinged(self, payload: bytes) -> None:
        """Hear a ping, and answer it as every websocket does by itself."""
        if not self._closed:
            self._heard = self._world.clock.monotonic()
            self._out(lambda end: end.on_pong(payload))

    def ended(self, code: int, reason: str) -> None:
        """Hear that the connection has ended."""
        if not self._closed:
            self._closed = True
            self._handler.on_close(code, reason)

    def _out(self, act: Callable[[SocketEnd], None]) -> None:
        end = self._end
        if end is not None and end.open and not self._closed:
            self._world.later(lambda: self._world.act(lambda: act(end)))


class _Wire:
    """The exchange's end: frames reach the client after the latency, in order."""

    def __init__(self, world: InProcessExchange, client: VirtualSocket) -> None:
        self._world = world
        self._client = client

    def send(self, message: Message) -> None:
        """Carry a message; a frame that breaks the protocol ends the connection."""
        payload, client = message.payload, self._client
        if message.raw:
            try:
                payload = payload_of(payload)
            except FrameError as error:
                code, reason = error.code, str(error)
                self._world.later(lambda: client.ended(code, reason))
                return
        self._world.later(lambda: client.heard(payload))

    def ping(self, payload: bytes) -> None:
        """Carry a ping."""
        self._world.later(lambda: self._client.pinged(payload))

    def pong(self, payload: bytes) -> None:  # noqa: ARG002 - nobody asks what it says
        """Carry a pong."""
        self._world.later(self._client.ponged)

    def close(self, code: int, reason: str) -> None:
        """Carry the end."""
        self._world.later(lambda: self._client.ended(code, reason))

    def abort(self) -> None:
        """Carry a reset."""
        self._world.later(lambda: self._client.ended(1006, "connection reset by peer"))
