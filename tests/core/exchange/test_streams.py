"""A connection that is kept: in virtual time, with the test as the server."""

from __future__ import annotations

import pytest

from real_trade.exchange import Unavailable
from real_trade.exchange.streams import ReconnectingSocket, Reconnection


class Talk:
    """A session that subscribes and is ready once "ok" comes."""

    def __init__(self, link, heard):
        self.link = link
        self.heard = heard

    def opened(self):
        self.link.send("subscribe")

    def message(self, frame):
        if frame == b"ok":
            self.link.ready()
        elif frame == b"bad":
            self.link.fail("refused")
        elif frame == b"shutdown":
            self.link.roll("the server shuts down")
        else:
            self.heard.append(frame)


class Watch:
    def __init__(self, clock):
        self.clock = clock
        self.events = []

    def connected(self):
        self.events.append(("connected", self.clock.monotonic()))

    def lost(self, detail):
        self.events.append(("lost", self.clock.monotonic(), detail))

    def gave_up(self, detail):
        self.events.append(("gave up", self.clock.monotonic(), detail))

    @property
    def names(self):
        return [event[0] for event in self.events]


@pytest.fixture
def watch(virtual):
    return Watch(virtual.clock)


@pytest.fixture
def heard():
    return []


@pytest.fixture
def make(virtual, connector, watch, heard):
    made = []

    def build(address=lambda: "ws://x", lane=None, **policy):
        found = ReconnectingSocket(
            virtual,
            connector,
            address,
            lambda link: Talk(link, heard),
            watch,
            policy=Reconnection(**policy),
            lane=lane,
        )
        made.append(found)
        found.start()
        return found

    yield build
    for one in made:
        one.close()


@pytest.fixture
def until(virtual):
    """Let virtual time pass until something is so; return whether it came to be."""
    return lambda condition, seconds: virtual.clock.run(seconds, condition)


def test_connected_is_told_only_once_the_subscription_is_confirmed(make, connector, watch):
    make()
    assert connector.sockets[0].sent == ["subscribe"]
    assert watch.names == []
    connector.sockets[0].say(b"ok")
    assert watch.names == ["connected"]


def test_w01_after_a_cut_it_comes_back_and_subscribes_again(make, connector, watch, virtual):
    make()
    connector.sockets[0].say(b"ok")
    virtual.clock.sleep(60)
    connector.sockets[0].cut(1001, "going away")
    assert watch.events[-1][2] == "going away (1001)"
    virtual.clock.sleep(1)
    assert connector.sockets[1].sent == ["subscribe"]
    connector.sockets[1].say(b"ok")
    assert watch.names == ["connected", "lost", "connected"]


def test_w02_l4_a_dead_peer_is_noticed_within_15_seconds(make, connector, watch, virtual):
    for silent_after in (0.0, 0.5, 3.0, 9.99):
        watch.events.clear()
        connector.sockets.clear()
        make()
        socket = connector.sockets[0]
        socket.say(b"ok")
        virtual.clock.sleep(30 + silent_after)
        socket.answers_pings = False
        died = virtual.clock.monotonic()
        virtual.clock.sleep(16)
        lost = next(event for event in watch.events if event[0] == "lost")
        assert lost[1] - died <= 15
        assert "no pong" in lost[2]
        assert socket.closed


def test_w03_a_connection_that_only_answers_pings_is_replaced(make, connector, watch, virtual):
    make(silence_s=60)
    connector.sockets[0].say(b"ok")
    virtual.clock.sleep(100)
    assert watch.names[:2] == ["connected", "lost"]
    assert "no message" in watch.events[1][2]


def test_w04_before_the_exchanges_cut_a_new_connection_is_there_first(
    make, connector, watch, heard, until
):
    make()
    first = connector.sockets[0]
    first.say(b"ok")
    assert not until(lambda: len(connector.sockets) > 1, 22.5 * 3600)
    assert until(lambda: len(connector.sockets) > 1, 0.6 * 3600)
    second = connector.sockets[1]
    assert not first.closed
    first.say(b"still here")
    second.say(b"ok")
    assert first.closed
    first.say(b"too late")
    second.say(b"new")
    assert heard == [b"still here", b"new"]
    assert watch.names == ["connected"]


def test_w05_a_server_that_shuts_down_is_left_without_a_gap(make, connector, watch, virtual):
    make()
    connector.sockets[0].say(b"ok")
    virtual.clock.sleep(60)
    connector.sockets[0].say(b"shutdown")
    virtual.clock.sleep(1)
    assert len(connector.sockets) == 2
    connector.sockets[1].say(b"ok")
    assert connector.sockets[0].closed
    assert watch.names == ["connected"]


def test_a_roll_whose_new_connection_fails_keeps_the_old_one_and_tries_again(
    make, connector, watch, virtual
):
    make()
    connector.sockets[0].say(b"ok")
    virtual.clock.sleep(60)
    connector.sockets[0].say(b"shutdown")
    virtual.clock.sleep(1)
    connector.sockets[1].cut()
    virtual.clock.sleep(10)
    assert not connector.sockets[0].closed
    connector.sockets[2].say(b"ok")
    assert watch.names == ["connected"]


def test_w06_a_storm_of_cuts_never_opens_more_than_one_connection_in_five_seconds(
    make, connector, watch, virtual
):
    make()
    connector.granting = False
    connector.sockets[0].cut()
    for _ in range(2000):
        virtual.clock.sleep(0.5)
        for socket in connector.sockets:
            if not socket.closed:
                socket.cut()
    gaps = [b - a for a, b in zip(connector.opened_at, connector.opened_at[1:], strict=False)]
    assert min(gaps) >= 5
    assert max(gaps) <= 16
    assert len(set(gaps)) > 10  # jittered: many clients do not come back at one time
    assert "gave up" not in watch.names


def test_l1_it_is_back_within_30_seconds_after_a_long_outage(
    make, connector, watch, virtual, until
):
    make()
    connector.sockets[0].say(b"ok")
    connector.granting = False
    connector.sockets[0].cut()
    for _ in range(3600):
        virtual.clock.sleep(1)
        for socket in connector.sockets:
            if not socket.closed:
                socket.cut()
    connector.granting = True
    tried = len(connector.sockets)
    assert until(lambda: len(connector.sockets) > tried, 30)
    connector.sockets[-1].say(b"ok")
    assert watch.names[-1] == "connected"


def test_w08_a_subscription_that_is_never_confirmed_is_tried_again(make, connector, watch, virtual):
    make()
    virtual.clock.sleep(11)
    assert connector.sockets[0].closed
    assert len(connector.sockets) == 2
    connector.sockets[1].say(b"bad")
    virtual.clock.sleep(6)
    assert len(connector.sockets) == 3
    assert watch.names == []


def test_w07_messages_to_the_exchange_are_spaced(make, connector, virtual):
    found = make()
    connector.sockets[0].say(b"ok")
    for n in range(20):
        found.link.send(str(n))
    virtual.clock.sleep(10)
    socket = connector.sockets[0]
    assert socket.sent == ["subscribe", *map(str, range(20))]
    for at in socket.sent_at:
        assert sum(at <= other < at + 1 for other in socket.sent_at) + 1 <= 5  # a ping besides


def test_attempts_are_counted_over_short_lived_connections(make, connector, watch, virtual):
    make(max_attempts=3)
    for _ in range(4):
        virtual.clock.sleep(20)
        connector.sockets[-1].say(b"ok")
        connector.sockets[-1].cut()
    virtual.clock.sleep(3600)
    assert len(connector.sockets) == 4
    assert watch.names[-1] == "gave up"


def test_a_connection_that_lasted_starts_the_count_anew(make, connector, watch, virtual):
    make(max_attempts=3)
    for _ in range(10):
        virtual.clock.sleep(20)
        connector.sockets[-1].say(b"ok")
        virtual.clock.sleep(40)
        connector.sockets[-1].cut()
    assert "gave up" not in watch.names


def test_an_address_that_must_be_asked_for_is_asked_on_the_lane_each_time(
    make, connector, watch, virtual, until
):
    answers = iter(["ws://one", None, "ws://two"])

    def address():
        found = next(answers)
        if found is None:
            raise Unavailable("not now")
        return found

    make(address, lane=virtual.lane("prepare"))
    virtual.clock.sleep(1)
    connector.sockets[0].say(b"ok")
    connector.sockets[0].cut()
    assert until(lambda: len(connector.sockets) > 1, 30)
    assert [socket.url for socket in connector.sockets] == ["ws://one", "ws://two"]


def test_after_closing_nothing_is_heard_or_opened(make, connector, watch, heard, virtual):
    found = make()
    socket = connector.sockets[0]
    socket.say(b"ok")
    found.close()
    socket.say(b"late")
    socket.cut()
    virtual.clock.sleep(3600)
    assert heard == []
    assert watch.names == ["connected"]
    assert len(connector.sockets) == 1
    assert socket.closed


def test_p13_a_thousand_reconnects_leave_no_timer_behind(make, connector, virtual):
    make()
    for _ in range(1000):
        virtual.clock.sleep(7)
        connector.sockets[-1].say(b"ok")
        connector.sockets[-1].cut()
    virtual.clock.sleep(60)
    assert len(virtual.clock._due) < 20
