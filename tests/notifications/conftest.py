"""Channels that remember, and a server on loopback that takes webhooks."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from real_trade.notifications.channel import NotDelivered
from real_trade.notifications.note import Note
from real_trade.plugins import Severity
from real_trade.runtime import VirtualRuntime


class Chat:
    """A channel that keeps what it was told, and fails when it is asked to."""

    def __init__(self, name="chat", fails=0):
        self.name = name
        self.fails = fails
        self.notes = []
        self.tries = 0

    def send(self, note):
        self.tries += 1
        if self.fails:
            self.fails -= 1
            raise NotDelivered(f"{self.name}: out of order")
        self.notes.append(note)

    @property
    def titles(self):
        return [note.title for note in self.notes]


class Taker(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        body = self.rfile.read(length)
        self.server.taken.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        """Stay quiet."""


class WebServer:
    def __init__(self):
        self.http = HTTPServer(("127.0.0.1", 0), Taker)
        self.http.taken = []
        self.http.status = 200
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    @property
    def port(self):
        return self.http.server_address[1]

    @property
    def taken(self):
        return [(path, headers, json.loads(body)) for path, headers, body in self.http.taken]

    def answer(self, status):
        self.http.status = status

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)


@pytest.fixture
def web():
    server = WebServer()
    yield server
    server.close()


@pytest.fixture
def runtime():
    return VirtualRuntime(7)


@pytest.fixture
def chat():
    return Chat()


@pytest.fixture
def make_chat():
    return Chat


@pytest.fixture
def note():
    def make(title="fill", severity=Severity.INFO, **more):
        return Note(severity=severity, title=title, **({"key": title} | more))

    return make
