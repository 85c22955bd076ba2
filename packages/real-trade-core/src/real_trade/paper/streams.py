"""A stream of the paper exchange: the source's market data and our account's events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from real_trade.exchange import Sink, StreamHandle, Subscription
from real_trade.model import Channel

__all__ = ["PaperStream"]

OpenSource = Callable[[Sequence[Subscription], Sink], StreamHandle]


class PaperStream:
    """One reader's stream.

    Args:
        attach, detach: begin and end telling the account's events to the sink.
        open_source: streams market data from the source, past the venue.
    """

    def __init__(
        self,
        sink: Sink,
        attach: Callable[[Sink], None],
        detach: Callable[[Sink], None],
        open_source: OpenSource,
    ) -> None:
        self._sink = sink
        self._attach = attach
        self._detach = detach
        self._open_source = open_source
        self._source: StreamHandle | None = None
        self._attached = False

    def add(self, subscriptions: Iterable[Subscription]) -> None:
        """Subscribe to more."""
        wanted = list(subscriptions)
        market = [one for one in wanted if one.channel is not Channel.ACCOUNT]
        if len(market) < len(wanted) and not self._attached:
            self._attached = True
            self._attach(self._sink)
        if not market:
            return
        if self._source is None:
            self._source = self._open_source(market, self._sink)
        else:
            self._source.add(market)

    def close(self) -> None:
        """Stop; no value comes after this returns."""
        self._detach(self._sink)
        if self._source is not None:
            self._source.close()
