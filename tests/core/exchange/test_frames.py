"""Frames out of bytes, whatever the pieces in which they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from real_trade.exchange._frames import FrameReader, Opcode, ProtocolError


def feed(reader, data, piece=None):
    found = []
    piece = piece or len(data) or 1
    while data:
        part, data = data[:piece], data[piece:]
        while part:
            space = reader.space()
            count = min(len(space), len(part))
            space[:count] = part[:count]
            found += reader.received(count)
            part = part[count:]
    return found


def frame(payload, first=0x81):
    size = len(payload)
    if size < 126:
        return bytes([first, size]) + payload
    if size < 1 << 16:
        return bytes([first, 126]) + size.to_bytes(2, "big") + payload
    return bytes([first, 127]) + size.to_bytes(8, "big") + payload


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=300).map(lambda data: (1, data)),
            st.binary(max_size=125).map(lambda data: (9, data)),
        ),
        max_size=20,
    ),
    st.integers(1, 64),
)
def test_every_message_comes_out_once_however_the_bytes_are_cut(messages, piece):
    data = b"".join(frame(payload, 0x80 | opcode) for opcode, payload in messages)
    assert feed(FrameReader(), data, piece) == messages


def test_a_large_message_grows_the_buffer():
    large = bytes(3 << 20)
    assert feed(FrameReader(), frame(large) + frame(b"x")) == [(1, large), (1, b"x")]


def test_fragments_become_one_message_with_a_ping_between_them():
    data = frame(b"ab", 0x01) + frame(b"p", 0x89) + frame(b"cd", 0x00) + frame(b"e", 0x80)
    assert feed(FrameReader(), data) == [(9, b"p"), (1, b"abcde")]


def test_a_binary_message_keeps_its_kind():
    assert feed(FrameReader(), frame(b"z", 0x82)) == [(Opcode.BINARY, b"z")]


def test_w23_a_frame_of_64_mib_is_refused_by_its_head_alone():
    with pytest.raises(ProtocolError) as caught:
        feed(FrameReader(), b"\x81\x7f" + (64 << 20).to_bytes(8, "big"))
    assert caught.value.code == 1009


@pytest.mark.parametrize("fragment", [bytes(1000), b""])
def test_w23_endless_fragments_are_refused(fragment):
    reader = FrameReader(max_message_bytes=5000)
    feed(reader, frame(b"start", 0x01))
    with pytest.raises(ProtocolError) as caught:
        feed(reader, frame(fragment, 0x00) * 10000, 4096)
    assert caught.value.code == 1009


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xc1\x01x", id="compressed"),
        pytest.param(b"\x81\x81abcdx", id="masked"),
        pytest.param(b"\x83\x01x", id="unknown_data"),
        pytest.param(b"\x8b\x01x", id="unknown_control"),
        pytest.param(b"\x09\x01x", id="ping_in_pieces"),
        pytest.param(b"\x89\x7e\x00\x7e" + bytes(126), id="long_ping"),
        pytest.param(b"\x80\x01x", id="continuation_of_nothing"),
        pytest.param(b"\x01\x01x\x81\x01y", id="text_within_fragments"),
    ],
)
def test_w24_what_breaks_the_protocol_is_refused(data):
    with pytest.raises(ProtocolError) as caught:
        feed(FrameReader(), data)
    assert caught.value.code == 1002
