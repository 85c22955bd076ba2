"""Messages to people. A run finds the plugin by itself; these are for scripts of one's own."""

from __future__ import annotations

from real_trade.notifications.notifiers import (
    AppriseNotifier,
    BaseNotifier,
    DingTalkNotifier,
    EmailNotifier,
    TelegramNotifier,
    WebhookNotifier,
)

__all__ = [
    "AppriseNotifier",
    "BaseNotifier",
    "DingTalkNotifier",
    "EmailNotifier",
    "TelegramNotifier",
    "WebhookNotifier",
]
