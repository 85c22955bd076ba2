"""Logging: lines for people on standard error, JSON lines in a file, no secret in either.

`get_logger` and `setup_logger` work in any order and as often as one likes. All loggers live under
`real_trade`: `get_logger("grid")` is the standard library's `real_trade.grid`.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.stdlib import BoundLogger
from structlog.typing import EventDict, WrappedLogger

from real_trade.utils._log_format import FIELDS, ConsoleFormatter, JsonFormatter
from real_trade.utils._log_handlers import ConsoleHandler, FileHandler
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.redaction import escape_controls, redact

__all__ = ["get_logger", "install_exception_hooks", "reset_logging", "setup_logger"]

_ROOT = "real_trade"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_configured: set[str] = set()


def _full_name(name: str) -> str:
    name = escape_controls(name)
    return name if name == _ROOT or name.startswith(f"{_ROOT}.") else f"{_ROOT}.{name}"


def setup_logger(
    name: str = _ROOT,
    level: str = "INFO",
    log_file: str | os.PathLike[str] | None = None,
    fmt: str | None = None,
    *,
    mode: str = "",
    color: bool | None = None,
    stream: TextIO | None = None,
    max_bytes: int = 10_000_000,
    backups: int = 5,
) -> BoundLogger:
    """Send what `name` and the loggers below it say to standard error and, if asked, to a file.

    Calling it again replaces what the call before set up.

    Args:
        name: of the logger; by default the whole of real-trade.
        level: the least level to show: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        log_file: a file for JSON lines; it rotates and is readable by its owner alone.
        fmt: a `%`-format of the standard library for the lines on standard error.
        mode: stands on every line, such as `paper`.
        color: whether to color the level; by default on a terminal, unless NO_COLOR is set.
        stream: where lines for people go instead of standard error.
        max_bytes: the file's size at which it rotates.
        backups: how many old files to keep.

    Raises:
        ConfigurationError: no such level, a wrong format, or a file that cannot be written.
    """
    wanted = _level(level)
    try:
        console = ConsoleHandler(stream)
        console.setFormatter(ConsoleFormatter(fmt, mode, _colored(color, console.stream)))
        handlers: list[logging.Handler] = [console]
        if log_file is not None:
            handlers.append(_file_handler(Path(log_file).expanduser(), max_bytes, backups, mode))
    except ValueError as error:
        raise ConfigurationError(
            f"log format {fmt!r}: {error}", remedy="use fields such as %(asctime)s %(message)s"
        ) from error
    logger = logging.getLogger(_full_name(name))
    _remove_handlers(logger)
    for handler in handlers:
        logger.addHandler(handler)
    logger.setLevel(wanted)
    logger.propagate = logger.name == _ROOT and not _root_prints()
    _configured.add(logger.name)
    return get_logger(name)


def get_logger(name: str = _ROOT) -> BoundLogger:
    """Return the logger called `name`: `log.info("order accepted", amount=amount)`.

    Event names are short, in English, and stay the same; what varies is in the keys.
    """
    logger: BoundLogger = structlog.wrap_logger(
        logging.getLogger(_full_name(name)),
        wrapper_class=BoundLogger,
        context_class=dict,
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.PositionalArgumentsFormatter(),
            _to_record,
        ],
    ).bind()
    return logger


def reset_logging() -> None:
    """Undo every `setup_logger`: remove and close its handlers, give back levels."""
    for name in sorted(_configured):
        logger = logging.getLogger(name)
        _remove_handlers(logger)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
    _configured.clear()


def install_exception_hooks() -> Callable[[], None]:
    """Log exceptions that nobody caught, in any thread, instead of printing them as they are.

    Returns:
        A function that gives back the hooks of before.
    """
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    log = logging.getLogger(f"{_ROOT}.uncaught")

    def main_hook(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before[0](kind, error, trace)
        else:
            log.critical("uncaught exception", exc_info=(kind, error, trace))

    def thread_hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            name = args.thread.name if args.thread else "?"
            found = (args.exc_type, args.exc_value, args.exc_traceback)
            log.critical("uncaught exception in thread %s", name, exc_info=found)

    def unraisable_hook(args: Any) -> None:
        found = (args.exc_type, args.exc_value, args.exc_traceback)
        log.error("exception ignored in %r", args.object, exc_info=found)

    def restore() -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before

    sys.excepthook, threading.excepthook = main_hook, thread_hook
    sys.unraisablehook = unraisable_hook
    return restore


def _to_record(_: WrappedLogger, __: str, event: EventDict) -> tuple[tuple[str], dict[str, Any]]:
    """Turn an event into the standard logger's arguments; its keys travel with the record."""
    text = escape_controls(redact(str(event.pop("event", ""))))
    known = {key: event.pop(key) for key in ("exc_info", "stack_info") if key in event}
    if known.get("exc_info") is True and sys.exc_info()[0] is None:
        del known["exc_info"]
    return (text,), {**known, "extra": {FIELDS: dict(event)}}


def _level(level: str) -> str:
    wanted = str(level).upper()
    if wanted not in _LEVELS:
        raise ConfigurationError(
            f"no log level {level!r}", remedy=f"use one of {', '.join(_LEVELS)}"
        )
    return wanted


def _file_handler(path: Path, max_bytes: int, backups: int, mode: str) -> FileHandler:
    if path.exists() and not path.is_file():
        raise ConfigurationError(f"log file {path} is no file", remedy="name a file of your own")
    try:
        handler = FileHandler(path, max_bytes, backups)
        with path.open("a", encoding="utf-8"):
            path.chmod(0o600)
    except OSError as error:
        raise ConfigurationError(
            f"log file {path} cannot be written: {error.strerror}",
            remedy="name a file in a folder of your own",
        ) from error
    handler.setFormatter(JsonFormatter(mode))
    return handler


def _colored(color: bool | None, stream: TextIO) -> bool:
    if color is not None:
        return color
    return bool(getattr(stream, "isatty", bool)()) and not os.environ.get("NO_COLOR")


def _remove_handlers(logger: logging.Logger) -> None:
    for handler in [h for h in logger.handlers if isinstance(h, (ConsoleHandler, FileHandler))]:
        logger.removeHandler(handler)
        handler.close()


def _root_prints() -> bool:
    """Whether the application prints all records itself: then ours must not show twice."""
    # Exactly this class: those of test runners and file handlers derive from it.
    return any(type(handler) is logging.StreamHandler for handler in logging.root.handlers)
