"""Logging: any order, no doubled lines, no secret in any sink, no forged line."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from real_trade.utils._log_handlers import FileHandler
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.logger import (
    get_logger,
    install_exception_hooks,
    setup_logger,
)
from real_trade.utils.redaction import redact
from real_trade.utils.secrets import Secret

pytestmark = pytest.mark.usefixtures("logging_restored")


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def hooks() -> Iterator[None]:
    restore = install_exception_hooks()
    yield
    restore()


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_setup_after_get_logger_still_sets_the_level(screen: io.StringIO) -> None:
    log = get_logger("grid")
    setup_logger(level="INFO", stream=screen)
    log.debug("too quiet")
    setup_logger(level="DEBUG", stream=screen)
    log.debug("loud enough")
    assert "too quiet" not in screen.getvalue()
    assert "loud enough" in screen.getvalue()


def test_a_later_setup_can_raise_the_level_and_move_the_lines(screen: io.StringIO) -> None:
    setup_logger(level="DEBUG", stream=io.StringIO())
    log = setup_logger(level="WARNING", stream=screen)
    log.info("quiet")
    log.warning("heard")
    assert screen.getvalue().count("\n") == 1


def test_setup_twice_prints_a_line_once(screen: io.StringIO) -> None:
    for _ in range(3):
        setup_logger(stream=screen)
    get_logger("real_trade.engine").info("started")
    assert screen.getvalue().count("started") == 1


def test_a_logger_by_a_name_of_its_own_is_heard_by_the_one_setup(screen: io.StringIO) -> None:
    setup_logger(stream=screen)
    get_logger("my_strategy").info("crossed", fast=10)
    assert "real_trade.my_strategy crossed  fast=10" in screen.getvalue()


def test_a_part_can_be_set_up_by_itself_without_doubling(screen: io.StringIO) -> None:
    own = io.StringIO()
    setup_logger("feeds", level="DEBUG", stream=own)
    setup_logger(stream=screen)
    get_logger("feeds").debug("bar")
    assert own.getvalue().count("bar") == 1
    assert screen.getvalue() == ""


def test_lines_for_people_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logger()
    get_logger().info("hello %s", "world")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ INFO     real_trade hello world\n", captured.err
    )


def test_an_application_that_prints_all_records_itself_gets_none_twice(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = logging.StreamHandler(io.StringIO())
    monkeypatch.setattr(logging.root, "handlers", [theirs])
    setup_logger(stream=screen)
    get_logger().info("once")
    assert screen.getvalue().count("once") == 1
    assert "once" not in theirs.stream.getvalue()


def test_the_mode_stands_on_every_line(screen: io.StringIO, tmp_path: Path) -> None:
    setup_logger(stream=screen, log_file=tmp_path / "bot.jsonl", mode="testnet")
    get_logger("orders").info("order accepted")
    assert " testnet real_trade.orders order accepted" in screen.getvalue()
    assert lines_of(tmp_path / "bot.jsonl")[0]["mode"] == "testnet"


def test_a_format_of_the_standard_library_shapes_the_line(screen: io.StringIO) -> None:
    setup_logger(fmt="[%(name)s] %(levelname)s %(message)s", stream=screen)
    get_logger().warning("low cash", cash=3)
    assert screen.getvalue() == "[real_trade] WARNING low cash  cash=3\n"


def test_the_file_has_json_lines_in_utc_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "bot.jsonl"
    setup_logger(log_file=path, stream=io.StringIO())
    get_logger("orders").info("order accepted", amount=0.1, ratio=float("nan"), time="mine")
    logging.getLogger("real_trade.runtime").warning("late %d", 3, extra={"lane": "orders"})
    first, second = lines_of(path)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", str(first["time"]))
    assert (first["event"], first["level"], first["amount"]) == ("order accepted", "info", 0.1)
    assert (first["ratio"], first["time_"]) == ("nan", "mine")
    assert (second["event"], second["lane"]) == ("late 3", "orders")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_file_rotates_and_keeps_a_few(tmp_path: Path) -> None:
    path = tmp_path / "bot.jsonl"
    setup_logger(log_file=path, stream=io.StringIO(), max_bytes=2000, backups=2)
    for number in range(100):
        get_logger().info("line", number=number)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "bot.jsonl",
        "bot.jsonl.1",
        "bot.jsonl.2",
    ]
    assert lines_of(path)[-1]["number"] == 99
    assert all(stat.S_IMODE(each.stat().st_mode) == 0o600 for each in tmp_path.iterdir())


def test_a_file_that_another_program_moved_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "bot.jsonl"
    setup_logger(log_file=path, stream=io.StringIO())
    get_logger().info("first")
    path.rename(tmp_path / "bot.old")
    get_logger().info("second")
    assert [line["event"] for line in lines_of(path)] == ["second"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_loses_lines_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bot.jsonl"
    setup_logger(log_file=path, stream=io.StringIO())
    handler = next(
        h for h in logging.getLogger("real_trade").handlers if isinstance(h, FileHandler)
    )
    path.unlink()
    path.symlink_to("/dev/full")
    for _ in range(3):
        get_logger().info("lost")
    assert handler.lost == 3
    assert capsys.readouterr().err.count("cannot write the log") == 1
    handler.stream = None  # closing would flush what the device cannot take


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": "LOUD"}, "no log level 'LOUD'"),
        ({"fmt": "%(nonsense"}, "log format"),
        ({"log_file": "/dev/null"}, "is no file"),
        ({"log_file": "/proc/none/bot.log"}, "cannot be written"),
    ],
)
def test_wrong_settings_are_refused_with_a_remedy(
    settings: dict[str, str], message: str, screen: io.StringIO
) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        setup_logger(stream=screen, **settings)  # type: ignore[arg-type]  # on purpose
    assert raised.value.remedy


def test_text_from_outside_cannot_forge_a_line_or_move_the_cursor(
    screen: io.StringIO, tmp_path: Path
) -> None:
    path = tmp_path / "bot.jsonl"
    setup_logger(stream=screen, log_file=path)
    evil = "x\r\n2026-01-01 00:00:00Z INFO forged\x1b[2J\u202e\u2028\x00\ud800"
    get_logger("a\nb").info("strategy " + evil, name_=evil)
    get_logger().info("%s", evil)
    try:
        int(evil)
    except ValueError:
        get_logger().exception("failed")
    text = screen.getvalue()
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u2028\ud800]", text)
    assert not any(line.startswith("2026-01-01") for line in text.splitlines())
    assert "\\r\\n2026-01-01 00:00:00Z INFO forged" in text
    assert len(lines_of(path)) == 3


def test_a_line_within_a_traceback_is_visibly_part_of_it(screen: io.StringIO) -> None:
    setup_logger(stream=screen)
    try:
        refuse("x")
    except ValueError as error:
        error.add_note("2026-01-01 00:00:00Z INFO forged")
        get_logger().exception("failed")
    assert "\n  | 2026-01-01 00:00:00Z INFO forged" in screen.getvalue()


CANARY = 'cAnary/+ ="<é>&Key\t0123'
TWELVE = {
    "plain": CANARY,
    "reversed": CANARY[::-1],
    "percent": quote(CANARY, safe=""),
    "percent, lower case": quote(CANARY, safe="").lower(),
    "percent twice": quote(quote(CANARY, safe=""), safe=""),
    "form": quote_plus(CANARY),
    "base64": base64.b64encode(CANARY.encode()).decode(),
    "base64, for addresses": base64.urlsafe_b64encode(f"user:{CANARY}".encode()).decode(),
    "base32": base64.b32encode(CANARY.encode()).decode(),
    "hex": CANARY.encode().hex(),
    "HEX": CANARY.encode().hex().upper(),
    "JSON": json.dumps(CANARY),
}


def assert_no_canary(text: str) -> None:
    """Fail if the canary can be read out of `text` in any of the twelve encodings."""
    for name, form in TWELVE.items():
        core = form.strip('"').rstrip("=")
        for part in (core[4:-4], core[8:20]):
            assert part not in text, name


def refuse(form: str) -> None:
    try:
        dict[str, str]()[form]
    except KeyError as error:
        raise ValueError(f"refused: {form}") from error


def say_everywhere(form: str) -> None:
    log = get_logger("canary")
    log.info(f"event {form}", key=form, nested={"list": [form], form: (form,)}, raw=form.encode())
    log.bind(bound=form).warning("positional %s %r", form, {"x": form})
    logging.getLogger("real_trade.other").error("extra", extra={"detail": form})
    logging.getLogger("urllib3.connectionpool").error("GET /api?key=%s", form)
    try:
        refuse(form)
    except ValueError:
        log.exception("failed", stack_info=True)
        logging.getLogger("somebody.else").exception("theirs")


@pytest.mark.parametrize("encoding", TWELVE)
def test_a_secret_is_in_no_sink_in_any_encoding(
    encoding: str,
    screen: io.StringIO,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    hooks: None,
) -> None:
    secret = Secret(CANARY)
    setup_logger(level="DEBUG", stream=screen, log_file=tmp_path / "bot.jsonl", mode="live")
    form = TWELVE[encoding]
    say_everywhere(form)
    sys.excepthook(ValueError, ValueError(form), None)
    thread = threading.Thread(target=lambda: int(form), name=form)
    thread.start()
    thread.join()
    file = (tmp_path / "bot.jsonl").read_text(encoding="utf-8")
    captured = capsys.readouterr()
    for sink in (screen.getvalue(), file, caplog.text, captured.err, captured.out, repr(secret)):
        assert_no_canary(sink)
    assert file.count("***") >= 10
    assert caplog.text.count("***") >= 5
    assert lines_of(tmp_path / "bot.jsonl")


def test_a_secret_made_after_the_set_up_is_masked_too(screen: io.StringIO) -> None:
    setup_logger(stream=screen)
    Secret("made-later-0123")
    get_logger().info("key made-later-0123")
    assert screen.getvalue().endswith("key ***\n")


def test_short_words_are_not_masked(screen: io.StringIO) -> None:
    Secret("test")
    setup_logger(stream=screen)
    get_logger().info("a test")
    assert "a test" in screen.getvalue()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("/api/v3/order?a=1&signature=de%2Fad&b=2", "/api/v3/order?a=1&signature=***&b=2"),
        ('{"listenKey": "abc", "x": 1}', '{"listenKey": "***", "x": 1}'),
        ("{'apiKey': 'abc', 'secret': b'd'}", "{'apiKey': '***', 'secret': b'***'}"),
        ("X-MBX-APIKEY: abc", "X-MBX-APIKEY: ***"),
        ("authorization: Bearer a.b.c", "authorization: Bearer ***"),
        ("{'X-MBX-APIKEY': 'abc'}", "{'X-MBX-APIKEY': '***'}"),
        (
            "https://api.telegram.org/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/send",
            "https://api.telegram.org/bot***/send",
        ),
        ("token 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw", "token ***"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
        ("https://discord.com/api/webhooks/12/ab-c", "https://discord.com/api/webhooks/12/***"),
        ("robot/send?access_token=abc&sign=x%2By", "robot/send?access_token=***&sign=***"),
        ("https://qyapi.weixin.qq.com/x/webhook/send?key=ab-1", None),
        ("postgresql://bot:hunter2@db:5432/x", "postgresql://bot:***@db:5432/x"),
        ("http://user:p%40ss@127.0.0.1:3128", "http://user:***@127.0.0.1:3128"),
        (f"wss://x/ws/{'aB1' * 20}", "wss://x/ws/***"),
        (
            "-----BEGIN PRIVATE KEY-----\nMC4CAQ\n-----END PRIVATE KEY-----",
            "-----PRIVATE KEY ***-----",
        ),
    ],
)
def test_what_looks_like_a_secret_is_masked_unknown_as_it_is(text: str, clean: str | None) -> None:
    assert redact(text) == (clean if clean is not None else text.replace("ab-1", "***"))


@pytest.mark.parametrize(
    "text",
    [
        "order accepted  client_order_id=rt1abc symbol=BTC/USDT price=65000.10",
        "wss://stream.binance.com:9443/ws/btcusdt@kline_1m",
        "GlobalConfig(apikey=Secret(***), secret=Secret(), token=None)",
        "secret: environment RT_SECRET",
        "2026-11-23T10:00:00Z 12:30:45",
        "file.py:12: high 9.0 is below low 11.0",
    ],
)
def test_what_is_no_secret_is_left_alone(text: str) -> None:
    assert redact(text) == text


def test_a_key_whose_name_says_secret_is_masked_in_fields(
    screen: io.StringIO, tmp_path: Path
) -> None:
    setup_logger(stream=screen, log_file=tmp_path / "bot.jsonl")
    get_logger().info("connecting", apikey="abcd", headers={"X-MBX-APIKEY": "efgh"})
    assert "abcd" not in screen.getvalue()
    assert "efgh" not in (tmp_path / "bot.jsonl").read_text()


def test_ctrl_c_goes_to_the_hook_of_before(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: seen.append(kind))
    setup_logger(stream=screen)
    restore = install_exception_hooks()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    restore()
    assert seen == [KeyboardInterrupt]
    assert screen.getvalue() == ""


def test_importing_the_logger_sets_nothing_up() -> None:
    program = (
        "import logging, sys; before = logging.getLogRecordFactory()\n"
        "import real_trade.utils.logger\n"
        "assert not logging.getLogger('real_trade').handlers and not logging.root.handlers\n"
        "assert logging.getLogRecordFactory() is before\n"
        "assert sys.excepthook is sys.__excepthook__"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
