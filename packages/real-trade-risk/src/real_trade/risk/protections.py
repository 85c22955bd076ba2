"""Locks after losses, as freqtrade's users know them: stoploss guard, max drawdown, low-profit
symbols, cooldown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

import attrs

from real_trade.model import Side
from real_trade.model.numbers import ZERO
from real_trade.risk._plain import plain_time, read_time
from real_trade.risk.trades import ClosedTrade
from real_trade.risk.units import count, duration, share, unit_field
from real_trade.utils.errors import ConfigurationError

__all__ = [
    "Cooldown",
    "Lock",
    "LowProfitSymbols",
    "MaxDrawdown",
    "Protection",
    "StoplossGuard",
    "read_protections",
]


@attrs.frozen(kw_only=True)
class Lock:
    """No entries until a time; `symbol` "" means all symbols, `side` None both sides."""

    code: str
    reason: str
    until: datetime
    symbol: str = ""
    side: Side | None = None

    def covers(self, symbol: str, side: Side, now: datetime) -> bool:
        """Return whether an entry now would be against the lock."""
        if now >= self.until or self.symbol not in {"", symbol}:
            return False
        return self.side in {None, side}

    def plain(self) -> list[Any]:
        """Return the lock as values that JSON can hold."""
        side = self.side.value if self.side else None
        return [self.code, self.reason, plain_time(self.until), self.symbol, side]

    @classmethod
    def read(cls, plain: list[Any]) -> Lock:
        """Return the lock that `plain` wrote."""
        code, reason, until, symbol, side = plain
        return cls(
            code=code,
            reason=reason,
            until=read_time(until),
            symbol=symbol,
            side=Side(side) if side else None,
        )


def _ratio(value: Any, what: str) -> Decimal:
    text = str(value).strip()
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        number = Decimal("NaN")
    number = number / 100 if text.endswith("%") else number
    if not number.is_finite() or not -1 <= number <= 1:
        raise ConfigurationError(f"{what} = {value!r}: is no ratio", remedy='write it as "1%"')
    return number


def _flag(value: Any, what: str) -> bool:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{what} = {value!r}: must be true or false", remedy="as it says")
    return value


@attrs.frozen(kw_only=True)
class Protection:
    """What all protections share: how far back they look, and how long they lock."""

    kind: ClassVar[str] = ""

    lookback: timedelta = unit_field("lookback", duration, "how far back", timedelta(hours=1))
    stop_duration: timedelta = unit_field(
        "stop_duration", duration, "how long it locks", timedelta(hours=1)
    )

    def judge(
        self, trades: Sequence[ClosedTrade], closed: ClosedTrade, equity: Decimal
    ) -> Lock | None:
        """Return the lock that the trade that just closed calls for, or None.

        Args:
            trades: closed trades within `lookback`, oldest first, `closed` the last.
            equity: after the last of them.
        """
        raise NotImplementedError

    def recent(self, trades: Sequence[ClosedTrade], now: datetime) -> list[ClosedTrade]:
        """Return the trades that closed within `lookback` of `now`."""
        return [trade for trade in trades if now - trade.closed_at < self.lookback]

    def _lock(self, reason: str, closed: ClosedTrade, **scope: Any) -> Lock:
        until = closed.closed_at + self.stop_duration
        return Lock(code=self.kind, reason=reason, until=until, **scope)


@attrs.frozen(kw_only=True)
class StoplossGuard(Protection):
    """Locks after `trade_limit` losses by stop within `lookback`."""

    kind = "stoploss_guard"

    trade_limit: int = unit_field("trade_limit", count, "how many losses", 10)
    only_per_symbol: bool = unit_field("only_per_symbol", _flag, "one symbol", False)
    only_per_side: bool = unit_field("only_per_side", _flag, "one side", False)
    required_profit: Decimal = unit_field("required_profit", _ratio, "what is no loss", ZERO)

    def judge(
        self, trades: Sequence[ClosedTrade], closed: ClosedTrade, equity: Decimal
    ) -> Lock | None:
        """Count losses by stop."""
        del equity
        losses = [
            trade
            for trade in trades
            if trade.by_stop
            and trade.ratio < self.required_profit
            and (not self.only_per_symbol or trade.symbol == closed.symbol)
            and (not self.only_per_side or trade.side is closed.side)
        ]
        if len(losses) < self.trade_limit:
            return None
        return self._lock(
            f"{len(losses)} losses by stop, {self.trade_limit} are allowed",
            closed,
            symbol=closed.symbol if self.only_per_symbol else "",
            side=closed.side if self.only_per_side else None,
        )


@attrs.frozen(kw_only=True)
class MaxDrawdown(Protection):
    """Locks all symbols when closed trades lost too much from their peak within `lookback`."""

    kind = "max_drawdown"

    trade_limit: int = unit_field("trade_limit", count, "trades before it judges", 1)
    max_allowed_drawdown: Decimal = unit_field(
        "max_allowed_drawdown", share, "fall from the peak", Decimal("0.2")
    )

    def judge(
        self, trades: Sequence[ClosedTrade], closed: ClosedTrade, equity: Decimal
    ) -> Lock | None:
        """Rebuild equity before each trade from equity after the last."""
        if len(trades) < self.trade_limit:
            return None
        value = peak = equity - sum((trade.profit for trade in trades), ZERO)
        worst = ZERO
        for trade in trades:
            value += trade.profit
            peak = max(peak, value)
            worst = max(worst, (peak - value) / peak) if peak > 0 else Decimal(1)
        if worst <= self.max_allowed_drawdown:
            return None
        text = f"closed trades lost {worst:.2%} from their peak, {self.max_allowed_drawdown:.2%}"
        return self._lock(f"{text} is allowed", closed)


@attrs.frozen(kw_only=True)
class LowProfitSymbols(Protection):
    """Locks a symbol whose trades within `lookback` earned less than `required_profit` in sum."""

    kind = "low_profit_symbols"

    trade_limit: int = unit_field("trade_limit", count, "trades before it judges", 1)
    required_profit: Decimal = unit_field("required_profit", _ratio, "sum of ratios", ZERO)
    only_per_side: bool = unit_field("only_per_side", _flag, "one side", False)

    def judge(
        self, trades: Sequence[ClosedTrade], closed: ClosedTrade, equity: Decimal
    ) -> Lock | None:
        """Sum the symbol's ratios."""
        del equity
        own = [
            trade
            for trade in trades
            if trade.symbol == closed.symbol
            and (not self.only_per_side or trade.side is closed.side)
        ]
        earned = sum((trade.ratio for trade in own), ZERO)
        if len(own) < self.trade_limit or earned >= self.required_profit:
            return None
        return self._lock(
            f"{len(own)} trades earned {earned:.2%}, {self.required_profit:.2%} is required",
            closed,
            symbol=closed.symbol,
            side=closed.side if self.only_per_side else None,
        )


@attrs.frozen(kw_only=True)
class Cooldown(Protection):
    """Locks a symbol for a while after each of its trades."""

    kind = "cooldown"

    def judge(
        self, trades: Sequence[ClosedTrade], closed: ClosedTrade, equity: Decimal
    ) -> Lock | None:
        """Lock, whatever the trade earned."""
        del trades, equity
        return self._lock("a trade has just closed", closed, symbol=closed.symbol)


_KINDS: dict[str, type[Protection]] = {
    one.kind: one for one in (StoplossGuard, MaxDrawdown, LowProfitSymbols, Cooldown)
}


def read_protections(value: Any, what: str) -> tuple[Protection, ...]:
    """Return the protections in `value`: protections, or tables with `kind` and their settings.

    Raises:
        ConfigurationError: an unknown kind or setting, or a wrong value.
    """
    return tuple(_read(one, what) for one in value)


def _read(value: Any, what: str) -> Protection:
    if isinstance(value, Protection):
        return value
    settings = dict(value) if isinstance(value, Mapping) else {}
    kind = _KINDS.get(str(settings.pop("kind", "")))
    if kind is None:
        raise ConfigurationError(
            f"{what}: {value!r} is no protection", remedy=f"use kind = {', '.join(_KINDS)}"
        )
    known = {field.name for field in attrs.fields(kind)}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise ConfigurationError(
            f"{what}: {kind.kind} has no {', '.join(unknown)}",
            remedy=f"use {', '.join(sorted(known))}",
        )
    return kind(**settings)
