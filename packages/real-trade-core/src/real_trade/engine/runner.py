"""The composition root: one object that assembles store, broker, feeds and strategy, runs them,
and lets people look and command from outside."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import backtrader as bt

from real_trade.common import BaseStore
from real_trade.engine.attachments import Attachments
from real_trade.engine.feeds import FeedPlan
from real_trade.engine.jobs import Flatten, JobRunner
from real_trade.engine.memory import forget_bars
from real_trade.engine.modes import choose_mode
from real_trade.engine.offline import common_quote, offline_exchange
from real_trade.engine.recorder import RunRecorder, RunSummary
from real_trade.engine.shield import ErrorPolicy, Shield
from real_trade.engine.signals import stop_on_signals
from real_trade.model import Instrument, Mode
from real_trade.paper import PriceModel
from real_trade.plugins import PluginManager, RunInfo, Severity, manager
from real_trade.runtime import Runtime
from real_trade.storage.bar_files import BarTable
from real_trade.storage.command_values import HoldKind
from real_trade.storage.places import database_url
from real_trade.utils.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from real_trade.engine.outside import Outside

__all__ = ["TradingRunner"]

_RECORDER = "real_trade"
_SHIELD = "real_trade_shield"
_TRIM_EVERY = 1000
_RESTARTS = 3


class TradingRunner:
    """Runs one strategy, in any mode, on any exchange that a plugin registers.

    The seed's arguments, with its defaults; paper unless told otherwise. A live run (paper,
    testnet, live) is recorded in the store, where others see it and command it.

    Args:
        exchange: the name under which a plugin registered it.
        apikey, secret: for testnet and live; never passed on in backtest and paper.
        symbol, timeframe: what is traded; a feed each for `symbols` and for `timeframes`.
        strategy_cls, strategy_params: a `bt.Strategy` subclass and its parameters.
        testnet, paper_trading, backtest: the seed's switches; `mode` says it in one word.
        cash: starting cash in quote units (backtest and paper; elsewhere the account says).
        commission: fee as a ratio (0.001 is 0.1 %) in backtest and paper.
        risk, tracker, health, reporter, notifiers: objects that this run makes effective; see
            `engine.attachments.Attachments`.
        bot: the name that outlives restarts; commands and holds go by it.
        db_url: the store and the journal of orders; RT_DB_URL or a file for each mode if empty.
            None records nothing: a restart then knows nothing of the run before it.
        on_error: what to do when the strategy raises.
        history: bars to run a backtest on, without any exchange: one table for each symbol.
        listed: instruments whose steps such a backtest rounds to; the finest for others.
        paper_prices: spread and slippage of fills on paper.
        warm_up: how many bars of history come before the first live one.
        bars_kept: how many bars of each line a live run remembers.
        max_bars: stop after so many counted bars.
        plugins: whose hooks are told; those of this process by default.
        on_bar: called on Cerebro's thread with the number of each counted bar.
        runtime: the clock and the threads; the machine's own, but for tests.
        sections: plugins' configuration by section, such as a file's `limits`.
        metrics_port: serve Prometheus metrics, `/healthz` and `/readyz` there, on loopback.

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
        symbols: Sequence[str] = (),
        timeframes: Sequence[str] = (),
        risk: Any = None,
        tracker: Any = None,
        health: Any = None,
        reporter: Any = None,
        notifiers: Iterable[Any] = (),
        bot: str = "main",
        db_url: str | None = "",
        on_error: ErrorPolicy = ErrorPolicy.HALT,
        market_type: str = "spot",
        endpoint: str = "",
        history: BarTable | Sequence[BarTable] | None = None,
        listed: Sequence[Instrument] = (),
        paper_prices: PriceModel | None = None,
        warm_up: int = 200,
        bars_kept: int = 10_000,
        fromdate: datetime | None = None,
        todate: datetime | None = None,
        max_bars: int | None = None,
        plugins: PluginManager | None = None,
        on_bar: Callable[[int], None] | None = None,
        runtime: Runtime | None = None,
        sections: Mapping[str, Any] | None = None,
        metrics_port: int | None = None,
    ) -> None:
        if strategy_cls is None:
            raise ConfigurationError(
                "a run needs a strategy", remedy="pass strategy_cls=YourStrategy"
            )
        self.mode = mode or choose_mode(
            backtest=backtest, paper_trading=paper_trading, testnet=testnet
        )
        self.bot = bot
        self.given = Attachments(
            risk=risk, tracker=tracker, health=health, reporter=reporter, notifiers=notifiers
        )
        self._feeds = FeedPlan.of(symbol, symbols, timeframe, timeframes, history)
        self.symbol, self.timeframe = self._feeds.symbols[0], self._feeds.lengths[0].value
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
            "runtime": runtime,
            "bot": bot,
            "db_url": db_url,
            "paper_prices": paper_prices,
        }
        self._broker_options = {"cash": cash, "commission": commission}
        self._data_options: dict[str, Any] = {
            "historical_limit": warm_up,
            "fromdate": fromdate,
            "todate": todate,
        }
        self._db_url = db_url
        self._listed = listed
        self._sections = dict(sections or {})
        self._metrics_port = metrics_port
        self._on_error = on_error
        self._bars_kept = bars_kept
        self._max_bars = max_bars
        self._plugins = plugins or manager()
        self._on_bar = on_bar
        self._running = threading.Event()
        self._outside: Outside | None = None
        self._error: BaseException | None = None
        self._forget()
        self.stop_reason = ""
        self.results: list[bt.Strategy] = []

    def _forget(self) -> None:
        self.store: Any = None
        self.broker: Any = None
        self.data: Any = None
        self.cerebro: Any = None
        self._told: dict[int, datetime] = {}

    # Assembly

    @property
    def is_live(self) -> bool:
        """Return whether bars come as they happen."""
        return self.mode is not Mode.BACKTEST

    def build(self) -> TradingRunner:
        """Assemble store, broker, feeds and Cerebro without starting any; safe to call again."""
        if self.cerebro is not None:
            return self
        tables = self._feeds.tables
        if tables:
            money = (self._broker_options["cash"], self._broker_options["commission"])
            self._store_options["exchange"] = offline_exchange(tables, *money, self._listed)
        quote = common_quote(self._feeds.symbols)
        self.store = BaseStore(plugins=self._plugins, **self._store_options)
        self.broker = self.store.getbroker(base_currency=quote, **self._broker_options)
        # quicknotify: a fill is told at once and not with the next bar.
        self.cerebro = bt.Cerebro(stdstats=False, quicknotify=self.is_live)
        self.cerebro.setbroker(self.broker)
        self.data = self._feeds.add_to(self.cerebro, self.store, self._data_options)
        cls, params = self._strategy
        self.cerebro.addstrategy(cls, **params)
        self._add_analyzers()
        return self

    def _add_analyzers(self) -> None:
        if self.is_live:
            self.cerebro.addanalyzer(Shield, _name=_SHIELD, failed=self._failed)
        self.cerebro.addanalyzer(
            RunRecorder,
            _name=_RECORDER,
            live=self.is_live,
            on_bar=self._counted,
            on_trade=self._closed,
        )
        for analyzer, options in self._analyzers:
            self.cerebro.addanalyzer(analyzer, **options)

    def add_analyzer(self, cls: type[bt.Analyzer], **options: Any) -> None:
        """Add an analyzer; the strategy in `results` holds it after the run."""
        if self.cerebro is not None:
            raise ConfigurationError(
                "analyzers are added before build()", remedy="call add_analyzer first"
            )
        self._analyzers.append((cls, options))

    # The run

    def run(self) -> RunSummary:
        """Run until the data end, `max_bars` are reached, or `stop`; return the figures.

        What the strategy raises is raised again, once everything has been stopped in order; with
        ErrorPolicy.RESTART only after it has been begun anew a few times.
        """
        if self.store is not None and self.store.is_closed:
            self.stop_reason = ""
            self._begin_anew()
        failed_in_a_row = 0
        while True:
            try:
                return self._run_once()
            except BaseException as error:
                failed_in_a_row += 1
                if not self._may_restart(error, failed_in_a_row):
                    raise
                self.store.runtime.clock.sleep(2.0**failed_in_a_row)
                self._begin_anew()

    def _may_restart(self, error: BaseException, failed: int) -> bool:
        is_strategys = error is self._error and not self.stop_reason
        return is_strategys and self._on_error is ErrorPolicy.RESTART and failed <= _RESTARTS

    def _begin_anew(self) -> None:
        self._error = None
        self._store_options.pop("exchange", None)
        self._forget()

    def _run_once(self) -> RunSummary:
        self.build()
        if self.stop_reason:  # asked before there was anything to stop
            self.store.request_stop()
        info = self._info()
        failure = ""
        self.given.register(self._plugins)
        self._running.set()
        try:
            self._open_outside(info)
            self._plugins.tell("run_started", run=info)
            with warnings.catch_warnings():
                # Backtrader asks for the naive time once a cycle, which Python 3.12 deprecates.
                warnings.filterwarnings("ignore", category=DeprecationWarning, module="backtrader")
                self.results = self.cerebro.run()
        except BaseException as error:
            failure = f"{type(error).__name__}: {error}"
            raise
        finally:
            self._finish(info, self.stop_reason or failure or "the data ended")
        return self._ended()

    def _open_outside(self, info: RunInfo) -> None:
        if not self.is_live:
            return
        from real_trade.engine.outside import Outside  # SQLAlchemy: a backtest does without

        url = None if self._db_url is None else database_url(self.mode, self._db_url)
        runtime = self._store_options["runtime"]
        self._outside = Outside(
            self, info, url, self.given, self._plugins, runtime, self._metrics_port
        )
        self._outside.start()

    def _finish(self, info: RunInfo, reason: str) -> None:
        """Stop what Cerebro stops at a good end, and would leave running at a bad one."""
        self._running.clear()
        self.store.stop()
        self._plugins.tell("run_stopped", run=info, reason=reason)
        if self._outside is not None:
            self._outside.stop(reason)
            self._outside = None
        self.given.unregister(self._plugins)

    def _ended(self) -> RunSummary:
        if self._error is not None:
            raise self._error
        if not self.results:
            raise DataError(
                "the run ended before its first bar", remedy="check the symbol and the connection"
            )
        summary = self.summary()
        self.given.report(summary.as_dict())
        self._plugins.tell("report_ready", summary=summary.as_dict())
        return summary

    def stop(self, reason: str = "asked to stop") -> None:
        """Ask the run to end after the step it is in; from any thread, or from a signal handler."""
        self.stop_reason = self.stop_reason or reason
        if self.store is not None:
            self.store.request_stop()

    def kill(self, by: str, reason: str) -> None:
        """Let nothing leave any more, over restarts too, and cancel what rests; from anywhere."""
        if self._outside is not None and self._outside.commander is not None:
            self._outside.commander.kill(by, reason)

    def call(self, function: Callable[[], None]) -> None:
        """Have `function` called on Cerebro's thread, between two steps; from any thread."""
        if self.store is None:
            raise ConfigurationError("nothing runs yet", remedy="call build() or run() first")
        self.store.call(function)

    def is_running(self) -> bool:
        """Return whether the strategy runs now."""
        return self._running.is_set()

    @property
    def was_killed(self) -> bool:
        """Return whether a kill holds, or held to the run's end."""
        hold = None if self.store is None else self.store.hold.hold
        return hold is not None and hold.kind is HoldKind.KILL

    @property
    def metrics_address(self) -> str:
        """Return where a live run's metrics are served, "" if nowhere."""
        server = None if self._outside is None else self._outside.metrics
        return "" if server is None else f"http://127.0.0.1:{server.port}/metrics"

    def strategy(self) -> bt.Strategy | None:
        """Return the running strategy, None before it has begun."""
        running = getattr(self.cerebro, "runningstrats", None)
        return running[0] if running else None

    def summary(self) -> RunSummary:
        """Return the figures of the run that has ended."""
        recorder: RunRecorder = self.results[0].analyzers.getbyname(_RECORDER)
        return recorder.summary()

    def account(self) -> tuple[float, float, float]:
        """Return position, cash and equity now; on Cerebro's thread."""
        size = self.broker.getposition(self.data).size
        return size, self.broker.getcash(), self.broker.getvalue()

    def signals(self) -> AbstractContextManager[None]:
        """Have Ctrl-C and SIGTERM stop the run in order, a second one at once; SIGUSR1 kills."""
        return stop_on_signals(self)

    # On Cerebro's thread

    def _counted(self, bars: int) -> None:
        if self.is_live:
            self._tell_bars()
            if bars % _TRIM_EVERY == 0 and (strategy := self.strategy()) is not None:
                forget_bars(strategy, self._bars_kept)
        if self._on_bar is not None:
            self._on_bar(bars)
        if self._max_bars is not None and bars >= self._max_bars:
            self.stop(f"{bars} bars")

    def _tell_bars(self) -> None:
        if self._outside is not None:
            self._outside.account.changed()
        for feed in self.store.feeds:
            bar = feed.last_bar
            if bar is not None and self._told.get(id(feed)) != bar.open_time:
                self._told[id(feed)] = bar.open_time
                self._plugins.tell("bar_closed", bar=bar)

    def _closed(self, trade: Any) -> None:
        self.given.trade_closed(trade.pnlcomm)

    def _failed(self, error: BaseException) -> bool:
        """Do as the policy says about what the strategy raised."""
        self._error = error
        told = f"{type(error).__name__}: {error}"
        if self._outside is not None:
            text = f"{told}; policy: {self._on_error.value}"
            self._outside.messenger.tell(Severity.CRITICAL, "the strategy failed", text)
        if self._on_error is not ErrorPolicy.FLATTEN:
            return False
        reason = f"the strategy failed ({told})"
        JobRunner(self.store).begin(
            Flatten(self.store, self.strategy),
            lambda ok, detail: self.stop(f"{reason}; {detail if ok else 'NOT flat: ' + detail}"),
        )
        return True

    # What it is called

    def _info(self) -> RunInfo:
        return RunInfo(
            run_id=self.store.runtime.token(12),
            bot=self.bot,
            mode=self.mode,
            exchange=str(self._store_options["exchange_name"]),
            market=self.store.market,
            symbols=self._feeds.symbols,
            timeframe=" ".join(length.value for length in self._feeds.lengths),
            strategy=self._strategy[0].__name__,
            started_at=self.store.runtime.clock.now(),
            sections={**self._sections, **self.given.sections(self._plugins)},
        )
