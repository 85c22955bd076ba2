"""A store's messages to the strategy."""

from __future__ import annotations

from collections import deque
from typing import Any

__all__ = ["Notices"]


class Notices:
    """A queue of messages, which is there before the store starts."""

    def __init__(self) -> None:
        self._notes: deque[tuple[Any, tuple[Any, ...], dict[str, Any]]] = deque()

    def put_notification(self, message: Any, *args: Any, **kwargs: Any) -> None:
        """Queue a message for `notify_store`; may be called before the store starts."""
        self._notes.append((message, args, kwargs))

    @property
    def has_notifications(self) -> bool:
        """Return whether messages are queued."""
        return bool(self._notes)

    def get_notifications(self) -> list[tuple[Any, tuple[Any, ...], dict[str, Any]]]:
        """Return the queued messages; each once."""
        notes = list(self._notes)
        self._notes.clear()
        return notes
