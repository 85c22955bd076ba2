"""What a simulator is started with."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import attrs

__all__ = ["SimulatorSettings", "Switches"]

_SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT")
_USDM = ("BTCUSDT", "ETHUSDT")
_COINM = ("BTCUSD_PERP", "ETHUSD_PERP")
_BALANCES = {"USDT": Decimal(10_000), "BTC": Decimal(1), "BNB": Decimal(0)}


@attrs.define(kw_only=True)
class Switches:
    """Behaviour that differs between years or that nobody has documented.

    Attributes:
        listen_keys_on_spot: the world before 2026-02-20, when spot had listen keys.
        conditional_on_order: the world before 2025-12-09, when futures took stop orders at the
            order endpoint; they answer -4120 since.
        read_lag_ms: reads of an order see it only so long after it was sent.
        check_time: whether timestamps are judged; off when the clock runs faster than real time.
        accounts_on_tape: whether trades of the accounts are public too, and so are part of bars;
            off where bars must be exactly the tape's.
    """

    listen_keys_on_spot: bool = False
    conditional_on_order: bool = False
    read_lag_ms: int = 0
    check_time: bool = True
    accounts_on_tape: bool = True


@attrs.frozen(kw_only=True)
class SimulatorSettings:
    """Everything that a simulator's run depends on.

    Attributes:
        start_ms: the exchange's time at the start.
        balances: what the default account starts with.
        accounts: more accounts by name, with what they start with.
        keys: (api key, secret) of accounts that should not get generated ones.
        step_ms: how often the tape moves a symbol.
        usdm_symbols, coinm_symbols: contracts; a market without any is not there.
        discount_in_bnb: whether fees are paid in BNB at 25 % off while there is some.
    """

    seed: int = 0
    start_ms: int = 1_767_225_600_000
    symbols: tuple[str, ...] = _SYMBOLS
    balances: Mapping[str, Decimal] = attrs.field(factory=lambda: dict(_BALANCES))
    accounts: Mapping[str, Mapping[str, Decimal]] = attrs.field(factory=dict)
    keys: Mapping[str, tuple[str, str]] = attrs.field(factory=dict)
    step_ms: int = 250
    maker_fee: Decimal = Decimal("0.001")
    taker_fee: Decimal = Decimal("0.001")
    discount_in_bnb: bool = False
    weight_per_minute: int = 6000
    orders_per_10s: int = 100
    orders_per_day: int = 200_000
    usdm_symbols: tuple[str, ...] = _USDM
    coinm_symbols: tuple[str, ...] = _COINM
    futures_maker_fee: Decimal = Decimal("0.0002")
    futures_taker_fee: Decimal = Decimal("0.0004")
    futures_weight_per_minute: int = 2400
    futures_orders_per_minute: int = 1200
    futures_orders_per_10s: int = 300
    switches: Switches = attrs.field(factory=Switches)
