"""The part of an exchange on ccxt that is about being connected: client, markets, clock, budget."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from real_trade.exchange import _ccxt_values as values
from real_trade.exchange._ccxt_link import CcxtLink, exact_json
from real_trade.exchange._symbols import Symbols
from real_trade.exchange.addresses import is_loopback
from real_trade.exchange.errors import AuthError, ConfigurationError
from real_trade.exchange.outcomes import OutcomeTable
from real_trade.exchange.rate_budget import RateBudget
from real_trade.exchange.server_clock import ServerClock
from real_trade.exchange.settings import Environment, ExchangeSettings
from real_trade.exchange.transport import Connector, Transport
from real_trade.model import Instrument
from real_trade.runtime import Clock, SystemClock

__all__ = ["CcxtSession"]

T = TypeVar("T")


class CcxtSession:
    """A connected ccxt client and what it takes to be one; see `CcxtExchange`."""

    name: str = ""
    ccxt_id: ClassVar[str] = ""
    outcomes: OutcomeTable = OutcomeTable()
    ccxt_options: ClassVar[Mapping[str, Any]] = {}
    trusts_status: bool = False

    def __init__(self, settings: ExchangeSettings) -> None:
        self.settings = settings
        self.market = settings.market
        self._check_endpoint()
        self._own_transport: Transport | None = None
        self._link: CcxtLink | None = None
        self._symbols: Symbols | None = None
        self._connecting = threading.RLock()

    def __repr__(self) -> str:
        where = self.settings.endpoint or self.settings.environment.value
        return f"<{type(self).__name__} {self.name} {self.market.value} {where}>"

    # What a subclass may replace.

    def configure(self, client: Any) -> None:
        """Point ccxt's client at the right environment, before any call."""
        environment = self.settings.environment
        if self.settings.endpoint:
            client.urls["api"] = _rewritten(client.urls["api"], self.settings.endpoint)
        elif environment is Environment.TESTNET:
            self._enter(client.set_sandbox_mode, environment)
        elif environment is Environment.DEMO:
            self._enter(client.enable_demo_trading, environment)

    def instrument(self, raw: Mapping[str, Any]) -> Instrument:
        """Return the instrument that ccxt's market `raw` describes."""
        return values.instrument_from(raw, self.market, int(self.client.precisionMode))

    def load(self, link: CcxtLink) -> Symbols:
        """Load the markets, by as few calls as it takes."""
        raw = link.call("load_markets", True, signed=False)
        return link.parsed(lambda: self.symbols_from(raw))

    def read_json(self, body: bytes) -> Any:
        """Return what a reply's body says; ValueError if it is not readable."""
        return exact_json(body)

    def read_error(self, status: int, payload: Any) -> tuple[int | str, str] | None:
        """Return the code and message of a refusal, None if `payload` is none."""
        if status < 300 or not isinstance(payload, dict):
            return None
        code = payload.get("code", payload.get("error", 0))
        message = payload.get("msg", payload.get("message", code))
        return (code if isinstance(code, (int, str)) else 0), str(message)

    def note_headers(self, headers: Mapping[str, str]) -> None:
        """Learn from a reply's headers, such as how much of the budget is used."""

    def budget_key(self) -> str:
        """Return the name under which exchanges share a rate budget."""
        return f"{self.name} {self.settings.endpoint or self.settings.environment.value}"

    # Being connected.

    def connect(self) -> None:
        """Load markets and measure the server's clock; safe to call again."""
        with self._connecting:
            if self._symbols is None:
                link = self._opened()
                link.measure_clock()
                self._symbols = self.load(link)

    def refresh(self) -> None:
        """Load the markets anew: their rules change while a program runs."""
        with self._connecting:
            self._symbols = self.load(self._opened())

    def close(self) -> None:
        """Release connections; safe to call again."""
        with self._connecting:
            if self._own_transport is not None:
                self._own_transport.close()
                self._own_transport = None
            self._link = None
            self._symbols = None

    def server_time(self) -> datetime:
        """Return the exchange's time, in UTC, freshly asked."""
        return self._opened().measure_clock()

    def instruments(self) -> dict[str, Instrument]:
        """Return all instruments by unified symbol."""
        return dict(self.symbols.by_symbol)

    def resolve(self, symbol: str) -> Instrument:
        """Return the instrument that `symbol` names in any usual spelling."""
        return self.symbols.find(symbol)

    # What subclasses build on.

    @property
    def link(self) -> CcxtLink:
        """Return the connected link."""
        self.connect()
        assert self._link is not None
        return self._link

    @property
    def client(self) -> Any:
        """Return ccxt's client."""
        return self._opened().client

    @property
    def symbols(self) -> Symbols:
        """Return the instruments, loaded if they were not."""
        self.connect()
        assert self._symbols is not None
        return self._symbols

    def now(self) -> datetime:
        """Return the exchange's time as last measured, without asking."""
        return self._opened().clock.now()

    @property
    def budget(self) -> RateBudget:
        """Return the rate budget."""
        return self._opened().budget

    def symbols_from(self, raw: Mapping[str, Any]) -> Symbols:
        """Return the instruments of this market among ccxt's markets."""
        ours = [one for one in raw.values() if values.is_of(one, self.market)]
        return Symbols({one["symbol"]: self.instrument(one) for one in ours}, self.market)

    def connector(self) -> Connector:
        """Return what opens websockets."""
        if self.settings.connector is not None:
            return self.settings.connector
        sockets = importlib.import_module("real_trade.exchange.sockets")
        made: Connector = sockets.ThreadConnector(self.settings.runtime, proxy=self.settings.proxy)
        return made

    def need_key(self) -> None:
        """Refuse what cannot be done without a key and a secret.

        Raises:
            AuthError: there are none.
        """
        if not (self.settings.apikey and self.settings.secret):
            raise AuthError(
                f"{self.name}: this needs a key and a secret",
                remedy="set RT_APIKEY and RT_SECRET, or run in paper mode",
            )

    def signed(self, function: str, *arguments: Any, **how: Any) -> Any:
        """Call what needs a key; see `CcxtLink.call`."""
        self.need_key()
        return self.link.call(function, *arguments, **how)

    def read(self, what: Callable[[], T]) -> T:
        """Return `what()`, read from an answer; one that lacks something is unreadable."""
        found: T = self.link.parsed(what)
        return found

    def _opened(self) -> CcxtLink:
        with self._connecting:
            if self._link is None:
                self._link = self._open()
            return self._link

    def _open(self) -> CcxtLink:
        client = self._client()
        self.configure(client)
        transport, clock = self.settings.transport, self.settings.runtime.clock
        if transport is None:
            # The network lives in real time even where the account does not, as in a backtest.
            clock = SystemClock()
            transport = self._own_transport = _pooled(clock, self.settings.proxy)
        budget = RateBudget.shared(self.settings.runtime, self.budget_key(), clock)
        return CcxtLink(client, self, transport, ServerClock(clock), budget)

    def _client(self) -> Any:
        try:
            ccxt = importlib.import_module("ccxt")
        except ImportError as error:
            raise ConfigurationError(
                f"{self.name} needs ccxt, which is not installed",
                remedy='pip install "real-trade-core[ccxt]"',
            ) from error
        client = getattr(ccxt, self.ccxt_id)(
            {
                "apiKey": self.settings.apikey.reveal() or None,
                "secret": _one_line_ends(self.settings.secret.reveal()) or None,
                "options": dict(self.ccxt_options),
            }
        )
        # Currencies are one more call, and nothing here needs them.
        client.has["fetchCurrencies"] = False
        return client

    def _enter(self, switch: Any, environment: Environment) -> None:
        try:
            switch(True)
        except Exception as error:  # ccxt raises NotSupported, KeyError and others
            raise ConfigurationError(
                f"{self.name} has no {environment.value} environment that ccxt knows",
                remedy="run in paper mode instead",
            ) from error

    def _check_endpoint(self) -> None:
        parts = urlsplit(self.settings.endpoint)
        if not self.settings.endpoint:
            return
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(
                f"the endpoint {self.settings.endpoint!r} is no address",
                remedy="write it as http://127.0.0.1:8080",
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ConfigurationError(
                f"the endpoint {self.settings.endpoint} is neither on this machine nor encrypted",
                remedy="use https, or a simulator on 127.0.0.1",
            )


def _one_line_ends(secret: str) -> str:
    # ccxt tells the kinds of private keys apart by their length.
    return secret.strip().replace("\r\n", "\n")


def _pooled(clock: Clock, proxy: str) -> Transport:
    http = importlib.import_module("real_trade.exchange.http")
    transport: Transport = http.PooledTransport(clock, proxy=proxy)
    return transport


def _rewritten(urls: Any, endpoint: str) -> Any:
    """Return ccxt's addresses with scheme and host of `endpoint` and their own paths."""
    if isinstance(urls, dict):
        return {name: _rewritten(url, endpoint) for name, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    return endpoint.rstrip("/") + urlsplit(urls).path
