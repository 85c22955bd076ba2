"""The composition root: one object that assembles store, broker, feed and strategy, and runs
them."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import backtrader as bt

from real_trade.common import BaseStore
from real_trade.engine.modes import choose_mode
from real_trade.engine.offline import offline_exchange, quote_of
from real_trade.engine.recorder import RunRecorder, RunSummary
from real_trade.model import Mode
from real_trade.plugins import PluginManager, RunInfo, manager
from real_trade.storage.bar_files import BarTable
from real_trade.utils.errors import ConfigurationError, DataError

__all__ = ["TradingRunner"]

_RECORDER = "real_trade"
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TradingRunner:
    """Runs one strategy on one symbol, in any mode, on any exchange that a plugin registers.

    The seed's arguments, with its defaults; paper unless told otherwise.

    Args:
        exchange: the name under which a plugin registered it.
        apikey, secret: for testnet and live; never passed on in backtest and paper.
        strategy_cls, strategy_params: a `bt.Strategy` subclass and its parameters.
        testnet, paper_trading, backtest: the seed's switches; `mode` says it in one word.
        cash: starting cash in quote units (backtest and paper; elsewhere the account says).
        commission: fee as a ratio (0.001 is 0.1 %) in backtest and paper.
        history: bars to run a backtest on, without any exchange.
        warm_up: how many bars of history come before the first live one.
        max_bars: stop after so many counted bars.
        plugins: whose hooks are told; those of this process by default.
        on_bar: called on Cerebro's thread with the number of each counted bar.

    Raises:
        ConfigurationError: an argument is wrong; the message says which and what would do.
    """

    def __init__(
        self,
        exchange: str = "binance",
        apikey: str = "",
        secret: str = "",
        symbol: str = "BTC/USDT",
        timeframe: str = "1h",
        strategy_cls: type[bt.Strategy] | None = None,
        strategy_params: dict[str, Any] | None = None,
        testnet: bool = True,
        paper_trading: bool = True,
        cash: float = 10000.0,
        commission: float = 0.001,
        proxy: str | None = None,
        backtest: bool = False,
        *,
        mode: Mode | None = None,
        market_type: str = "spot",
        endpoint: str = "",
        history: BarTable | None = None,
        warm_up: int = 200,
        fromdate: datetime | None = None,
        todate: datetime | None = None,
        max_bars: int | None = None,
        plugins: PluginManager | None = None,
        on_bar: Callable[[int], None] | None = None,
    ) -> None:
        if strategy_cls is None:
            raise ConfigurationError(
                "a run needs a strategy", remedy="pass strategy_cls=YourStrategy"
            )
        self.mode = mode or choose_mode(
            backtest=backtest, paper_trading=paper_trading, testnet=testnet
        )
        self.symbol = symbol
        self.timeframe = timeframe
        self._strategy = (strategy_cls, dict(strategy_params or {}))
        self._analyzers: list[tuple[type[bt.Analyzer], dict[str, Any]]] = []
        self._store_options: dict[str, Any] = {
            "exchange_name": exchange,
            "apikey": apikey,
            "secret": secret,
            "testnet": testnet,
            "proxy": proxy,
            "market_type": market_type,
            "endpoint": endpoint,
            "mode": self.mode,
        }
        self._broker_options = {"cash": cash, "commission": commission}
        self._data_options: dict[str, Any] = {
            "historical_limit": warm_up,
            "fromdate": fromdate,
            "todate": todate,
        }
        self._history = history
        self._max_bars = max_bars
        self._plugins = plugins or manager()
        self._on_bar = on_bar
        self._running = threading.Event()
        self.stop_reason = ""
        self.results: list[bt.Strategy] = []
        self.store: Any = None
        self.broker: Any = None
        self.data: Any = None
        self.cerebro: Any = None

    def build(self) -> TradingRunner:
        """Assemble store, broker, feed and Cerebro without starting any; safe to call again."""
        if self.cerebro is not None:
            return self
        if self._history is not None:
            self._store_options["exchange"] = offline_exchange(
                self._history, self._broker_options["cash"], self._broker_options["commission"]
            )
            self._data_options["historical_data"] = self._history
        self.store = BaseStore(plugins=self._plugins, **self._store_options)
        self.broker = self.store.getbroker(
            base_currency=quote_of(self.symbol), **self._broker_options
        )
        self.data = self.store.getdata(
            symbol=self.symbol, ccxt_timeframe=self.timeframe, **self._data_options
        )
        live = self.mode is not Mode.BACKTEST
        self.cerebro = bt.Cerebro(stdstats=False, quicknotify=live)
        self.cerebro.setbroker(self.broker)
        self.cerebro.adddata(self.data)
        cls, params = self._strategy
        self.cerebro.addstrategy(cls, **params)
        self.cerebro.addanalyzer(RunRecorder, _name=_RECORDER, live=live, on_bar=self._counted)
        for analyzer, options in self._analyzers:
            self.cerebro.addanalyzer(analyzer, **options)
        return self

    def add_analyzer(self, cls: type[bt.Analyzer], **options: Any) -> None:
        """Add an analyzer; the strategy in `results` holds it after the run."""
        if self.cerebro is not None:
            raise ConfigurationError(
                "analyzers are added before build()", remedy="call add_analyzer first"
            )
        self._analyzers.append((cls, options))

    def run(self) -> RunSummary:
        """Run until the data end, `max_bars` are reached, or `stop`; return the figures.

        What the strategy raises is raised again, once everything has been stopped in order.
        """
        cerebro = self.build().cerebro
        if self.stop_reason:  # asked before there was anything to stop
            self.store.request_stop()
        self._running.set()
        started = self._info()
        self._plugins.tell("run_started", run=started)
        try:
            with warnings.catch_warnings():
                # Backtrader asks for the naive time once a cycle, which Python 3.12 deprecates.
                warnings.filterwarnings("ignore", category=DeprecationWarning, module="backtrader")
                self.results = cerebro.run()
        finally:
            self._running.clear()
            self._finish()
            reason = self.stop_reason or "the data ended"
            self._plugins.tell("run_stopped", run=started, reason=reason)
        if not self.results:
            raise DataError(
                "the run ended before its first bar", remedy="check the symbol and the connection"
            )
        return self.summary()

    def stop(self, reason: str = "asked to stop") -> None:
        """Ask the run to end after the step it is in; from any thread, or from a signal handler."""
        self.stop_reason = self.stop_reason or reason
        if self.store is not None:
            self.store.request_stop()

    @property
    def is_running(self) -> bool:
        """Return whether the strategy runs now."""
        return self._running.is_set()

    def summary(self) -> RunSummary:
        """Return the figures of the run that has ended."""
        recorder: RunRecorder = self.results[0].analyzers.getbyname(_RECORDER)
        return recorder.summary()

    def account(self) -> tuple[float, float, float]:
        """Return position, cash and equity now; on Cerebro's thread."""
        size = self.broker.getposition(self.data).size
        return size, self.broker.getcash(), self.broker.getvalue()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Have Ctrl-C and SIGTERM stop the run in order; a second one ends it at once."""

        def handle(number: int, frame: object) -> None:
            del frame
            if self.stop_reason:
                raise KeyboardInterrupt
            self.stop(signal.Signals(number).name)

        before = {number: signal.signal(number, handle) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _counted(self, bars: int) -> None:
        if self.data.last_bar is not None:
            self._plugins.tell("bar_closed", bar=self.data.last_bar)
        if self._on_bar is not None:
            self._on_bar(bars)
        if self._max_bars is not None and bars >= self._max_bars:
            self.stop(f"{bars} bars")

    def _finish(self) -> None:
        """Stop what Cerebro stops at a good end, and would leave running at a bad one."""
        if self.store is not None:
            self.store.stop()

    def _info(self) -> RunInfo:
        return RunInfo(
            run_id=self.store.runtime.token(12),
            mode=self.mode,
            exchange=str(self._store_options["exchange_name"]),
            market=self.store.market,
            symbols=(self.symbol,),
            timeframe=self.timeframe,
            strategy=self._strategy[0].__name__,
            started_at=self.store.runtime.clock.now(),
        )
