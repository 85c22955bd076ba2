"""One account of one market, as Backtrader knows stores: it hands out broker and feeds, and
pumps."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Never

from real_trade.common.books import BookedFill, Books
from real_trade.common.calls import Call, Calls
from real_trade.common.gate import OrderGate
from real_trade.common.hold import HoldSwitch, held_exchange
from real_trade.common.intake import STOP, Intake
from real_trade.common.journaling import open_journal
from real_trade.common.key_check import check_key
from real_trade.common.live_gate import refuse_live
from real_trade.common.messages import history_work
from real_trade.common.opening import desk_settings, instance_key, paper_on, settings_of
from real_trade.common.prices import Prices
from real_trade.common.questions import AccountQuestions
from real_trade.exchange import Exchange, StreamHandle, StreamingExchange, Subscription
from real_trade.feeds import Barrier
from real_trade.model import Bar, Channel, Fill, Market, Mode, OrderState, Timeframe
from real_trade.orders import Journal, OrderDesk, Restored
from real_trade.paper import PaperExchange, PriceModel
from real_trade.plugins import PluginManager, manager
from real_trade.runtime import Runtime, SystemRuntime, VirtualRuntime
from real_trade.utils.errors import ConfigurationError
from real_trade.utils.secrets import Secret

if TYPE_CHECKING:
    from real_trade.common.base_broker import BaseBroker
    from real_trade.common.base_data import BaseData

__all__ = ["BaseStore"]

_SETTLE_S = 5.0
_ANEW = "make store, broker and feeds anew for every run; run a strategy once for each parameter"
_IN_FLIGHT = frozenset({OrderState.SUBMITTED, OrderState.UNKNOWN, OrderState.PENDING_CANCEL})
_MARKETS = {market.value: market for market in Market}


class BaseStore(AccountQuestions):
    """One account of one market in one mode.

    `get_instance` hands out one store for each account, market, mode and endpoint. In backtest and
    paper the keys are dropped here: nothing below can sign.

    Args:
        apikey, secret: the account's key, for testnet and live.
        testnet: the exchange's demo instead of the real one, where `mode` does not say.
        proxy: an explicit HTTP proxy; loopback never goes through it.
        market_type: `spot`, `future` or `delivery`.
        mode: backtest, paper, testnet or live; paper by default.
        endpoint: a simulator's address in place of the exchange's.
        exchange_name: the name under which a plugin registered the exchange.
        exchange: an exchange that is open already, such as a backtest's.
        bot: the name that outlives restarts; client order ids carry it.
        db_url: where testnet and live write their orders down before they send them; RT_DB_URL or a
            file for each mode if empty. None keeps them in memory, and a restart knows none.
        paper_prices: spread and slippage of fills on paper.

    Raises:
        ConfigurationError: an unknown market, a mode that is refused, a missing key.
    """

    exchange_name: ClassVar[str] = ""
    BrokerCls: ClassVar[Any] = None
    DataCls: ClassVar[Any] = None
    _instances: ClassVar[dict[tuple[Any, ...], BaseStore]] = {}
    _lock: ClassVar[threading.RLock] = threading.RLock()

    @classmethod
    def get_instance(cls, **options: Any) -> BaseStore:
        """Return the store for these options, made at the first call; thread-safe."""
        key = instance_key(cls, options)
        with cls._lock:
            store = cls._instances.get(key)
            if store is None or store.is_closed:
                store = cls(**options)
                cls._instances[key] = store
            return store

    def __init__(
        self,
        apikey: str = "",
        secret: str = "",
        testnet: bool = True,
        proxy: str | None = None,
        market_type: str = "spot",
        *,
        mode: Mode | None = None,
        endpoint: str = "",
        runtime: Runtime | None = None,
        exchange: Exchange | None = None,
        exchange_name: str = "",
        plugins: PluginManager | None = None,
        bot: str = "main",
        db_url: str | None = "",
        paper_prices: PriceModel | None = None,
    ) -> None:
        super().__init__()
        self.paper_prices = paper_prices
        if market_type not in _MARKETS:
            raise ConfigurationError(
                f"unknown market {market_type!r} (known: {', '.join(_MARKETS)})",
                remedy="use market_type='spot'",
            )
        self.mode = mode or Mode.PAPER
        self.testnet = testnet
        self.proxy = proxy
        self.market = _MARKETS[market_type]
        self.endpoint = endpoint
        self.bot, self.db_url = bot, db_url
        self.exchange_name = exchange_name or type(self).exchange_name  # type: ignore[misc]
        self._keys = (Secret(apikey), Secret(secret)) if self.mode.signs else (Secret(), Secret())
        if self.mode is Mode.LIVE:
            refuse_live()
        virtual = self.mode is Mode.BACKTEST
        self.runtime: Runtime = runtime or (VirtualRuntime() if virtual else SystemRuntime())
        self._owns_runtime = runtime is None
        self.plugins = plugins or manager()
        self.inbox = self.runtime.inbox()
        self.is_closed = self.is_connected = False
        self._stop_by: float | None = None
        self._exchange = exchange
        self._broker: BaseBroker | None = None
        self._feeds: list[BaseData] = []
        self._handle: StreamHandle | None = None
        self._books: Books | None = None
        self._desk: OrderDesk | None = None
        self._journal: Journal | None = None
        self.restored = Restored()
        self.prices = Prices(self.runtime.clock)
        self.hold, self.calls = HoldSwitch(), Calls()
        self.gate = OrderGate(self)
        self._intake = Intake(self)
        self.barrier = Barrier(self.runtime.clock)
        self._history_lane = self.runtime.lane("history")

    def __reduce__(self) -> Never:
        """Refused: Cerebro copies stores into other processes when it optimizes."""
        raise ConfigurationError("a store cannot go to another process", remedy=_ANEW)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.exchange_name} {self.market.value} {self.mode.value}>"

    # Parts

    @property
    def apikey(self) -> Secret:
        """Return the key; it shows only on `reveal()`."""
        return self._keys[0]

    @property
    def secret(self) -> Secret:
        """Return the secret; it shows only on `reveal()`."""
        return self._keys[1]

    @property
    def exchange(self) -> Exchange:
        """Return the exchange: the real one in testnet and live, a paper one otherwise."""
        if self._exchange is None:
            source = self.open_source()
            self._exchange = source if self.mode.signs else paper_on(self, source)
        return self._exchange

    @property
    def books(self) -> Books:
        """Return the account's exact books; there are none before the store has started."""
        if self._books is None:
            raise ConfigurationError("the store has not started", remedy="run Cerebro first")
        return self._books

    @property
    def desk(self) -> OrderDesk:
        """Return the way out for orders; there is none before the store has started."""
        if self._desk is None:
            raise ConfigurationError("the store has not started", remedy="run Cerebro first")
        return self._desk

    def getbroker(self, **options: Any) -> BaseBroker:
        """Return a broker on this account."""
        from real_trade.common.base_broker import BaseBroker

        broker: BaseBroker = (self.BrokerCls or BaseBroker)(self, **options)
        return broker

    def getdata(self, **options: Any) -> BaseData:
        """Return a feed of this market."""
        from real_trade.common.base_data import BaseData

        data: BaseData = (self.DataCls or BaseData)(self, **options)
        return data

    def bind_broker(self, broker: BaseBroker) -> None:
        """Take the broker that is told of orders; a store has one."""
        self._broker = broker

    def open_source(self) -> Exchange:
        """Return the exchange itself, opened with this store's settings; not yet connected."""
        return self.plugins.open_exchange(self.exchange_name, settings_of(self))

    # Life

    def start(self, data: Any = None, broker: Any = None) -> None:
        """Connect once; a feed or a broker that starts is taken in. Cerebro calls it bare too.

        Raises:
            ConfigurationError: the store has stopped; a run begins with a new one.
        """
        if self.is_closed:
            raise ConfigurationError("this store has stopped already", remedy=_ANEW)
        if broker is not None and self._desk is None:
            self._connect()
        if data is not None and not any(data is known for known in self._feeds):
            if self._desk is None:
                self._connect()
            self._feeds.append(data)

    def _connect(self) -> None:
        exchange = self.exchange
        exchange.connect()
        check_key(self)
        now = exchange.server_time()
        quote = self._broker.p.base_currency if self._broker is not None else "USDT"
        self._books = Books(exchange.instruments(), quote)
        self._books.load(exchange.balances().values(), now)
        self._journal = open_journal(self)
        self._desk = OrderDesk(
            exchange=held_exchange(exchange, self.hold),
            runtime=self.runtime,
            inbox=self.inbox,
            journal=self._journal,
            listener=self._intake.order_changed,
            guard=self.gate.fault_of,
            reference=self.price,
            on_finding=self._intake.found,
            settings=desk_settings(self),
            held=self._books.amounts if self.mode.signs else None,
        )
        self.restored = self._desk.restore()
        self.is_connected = True
        if isinstance(exchange, StreamingExchange):
            self._handle = exchange.stream([Subscription(Channel.ACCOUNT)], self.inbox.put)

    def begin(self) -> None:
        """Ask what became of restored orders and compare books, now that the broker knows them."""
        if self.mode.signs:
            self.desk.start()

    def is_own(self, client_order_id: str) -> bool:
        """Return whether this bot placed the order, in this run or an earlier one."""
        return self._journal is not None and self._journal.is_own_id(client_order_id)

    def subscribe(self, symbol: str, timeframe: Any) -> None:
        """Stream the bars of a symbol into the inbox."""
        if self._handle is None:
            raise ConfigurationError(
                f"{self.exchange_name or self.exchange.name} streams no bars: nothing would come",
                remedy="run it with mode backtest, or use an exchange plugin that streams",
            )
        self._handle.add([Subscription(Channel.BARS, symbol, timeframe)])

    def stop(self) -> None:
        """End streams and lanes and let the exchange go; safe to call again."""
        if self.is_closed:
            return
        self.is_closed = True
        if self._handle is not None:
            self._handle.close()
        if self._desk is not None:
            self._desk.stop()
        if self._journal is not None:
            self._journal.close()
        self._history_lane.close()
        if self._exchange is not None:
            self._exchange.close()
        self.is_connected = False
        if self._owns_runtime:
            self.runtime.close()

    def request_stop(self) -> None:
        """Ask Cerebro to end once what is in flight is known; from any thread.

        No new order leaves from then on.
        """
        self.inbox.put(STOP)

    def call(self, function: Callable[[], None]) -> None:
        """Have `function` called on Cerebro's thread, between two steps; from any thread."""
        self.inbox.put(Call(function))

    # The way in

    def pump(self) -> None:
        """Take in everything that waits; only Cerebro's thread may call this."""
        if self.mode is Mode.BACKTEST:
            # All that was decided reaches the venue before the next bar does.
            while self.inbox.wait(0.0):
                self._drain()
        else:
            self._drain()

    def _drain(self) -> None:
        for value in self.inbox.drain():
            self._intake.take(value)

    def advance(self, datas: Iterable[Any]) -> None:
        """Show a backtest's new bars to the venue, where orders wait for them."""
        exchange = self.exchange
        if not isinstance(exchange, PaperExchange):
            return
        for data in datas:
            symbol = data._rt_symbol
            if any(order.symbol == symbol for order in self.desk.open_orders()):
                self._show(exchange, data.current_bar())
                self.pump()

    def before_order(self, data: Any) -> None:
        """Show the bar in hand to a backtest's venue, so that it knows the last price."""
        exchange = self.exchange
        if self.mode is Mode.BACKTEST and isinstance(exchange, PaperExchange):
            self._show(exchange, data.current_bar())

    def _show(self, exchange: PaperExchange, bar: Bar) -> None:
        self.prices.take_bar(bar)
        exchange.on_bar(bar)

    def now(self, data: Any) -> datetime:
        """Return the time of a decision: the bar's end in a backtest, the clock's elsewhere."""
        if self.mode is Mode.BACKTEST:
            end: datetime = data.current_bar().end_time
            return end
        return self.runtime.clock.now()

    @property
    def broker(self) -> BaseBroker | None:
        """Return the broker that is told of orders, once there is one."""
        return self._broker

    @property
    def feeds(self) -> Sequence[BaseData]:
        """Return the feeds that have started."""
        return self._feeds

    @property
    def is_stopping(self) -> bool:
        """Return whether a stop was asked for."""
        return self._stop_by is not None

    def end_soon(self) -> None:
        """Take no new orders from now on, and end once what is in flight is known."""
        if self._stop_by is None:
            if self._broker is not None:
                self._broker.leave()  # what was decided before the stop
            self._stop_by = self.runtime.clock.monotonic() + _SETTLE_S

    @property
    def is_settled(self) -> bool:
        """Return whether a stop was asked for and may happen: every answer is here, or overdue."""
        if self._stop_by is None:
            return False
        if self.runtime.clock.monotonic() >= self._stop_by:
            return True
        in_flight = any(order.state in _IN_FLIGHT for order in self.desk.open_orders())
        return not in_flight and not self.desk.linked.is_due

    def wait(self, timeout_s: float) -> bool:
        """Block until something comes, at most `timeout_s`; return whether something came."""
        return self.inbox.wait(timeout_s)

    def book(self, fill: Fill) -> BookedFill:
        """Book a fill of ours, once."""
        symbol = f"{fill.fee_asset}/{self.books.quote}"
        rate = self.price(symbol)
        if rate is None and fill.fee and not self.books.prices_fee_of(fill):
            self.put_notification(
                f"the fee of {fill.fee} {fill.fee_asset} counts as no commission: the price "
                f"of {symbol} is unknown; add a feed of it"
            )
        return self.books.book(fill, rate)

    def rebook(self, fill: Fill) -> BookedFill:
        """Book a fill of an earlier run; a fee in a third asset counts as no commission then."""
        return self.books.rebook(fill, None)

    def price(self, symbol: str) -> Decimal | None:
        """Return the last known price of a symbol."""
        return self.prices.last(symbol)

    def load_history(
        self, feed: BaseData, timeframe: Timeframe, since: datetime | None, limit: int
    ) -> None:
        """Fetch bars off Cerebro's thread; the inbox brings them to the feed's `take_history`."""
        work = history_work(self.exchange, feed, timeframe, since, limit)
        self._history_lane.submit(lambda: self.inbox.put(work()))
