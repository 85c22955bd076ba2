"""Leverage brackets, and the rates and limits of a futures symbol."""

from __future__ import annotations

from decimal import Decimal

import attrs

from real_trade.model.numbers import ZERO, amount_field

__all__ = ["INVERSE_BRACKETS", "LINEAR_BRACKETS", "Bracket", "FuturesRules", "brackets"]


@attrs.frozen(kw_only=True)
class Bracket:
    """One leverage bracket: positions up to `cap` may use leverage up to `leverage`.

    Notional is in the settle asset (USDT, or the coin). Maintenance margin is
    notional x `maintenance` - `deduction` (Binance, "Liquidation protocols").
    """

    number: int
    leverage: int
    floor: Decimal = amount_field("floor")
    cap: Decimal = amount_field("cap")
    maintenance: Decimal = amount_field("maintenance")
    deduction: Decimal = amount_field("deduction", ZERO)


def brackets(*rows: tuple[int, str, str]) -> tuple[Bracket, ...]:
    """Return brackets from rows of (leverage, notional cap, maintenance ratio).

    The deduction makes the maintenance margin continuous: that of the bracket before, plus floor x
    (ratio - ratio before).
    """
    made: list[Bracket] = []
    floor = ratio_before = deduction = ZERO
    for number, (leverage, cap, ratio) in enumerate(rows, start=1):
        maintenance = Decimal(ratio)
        deduction += floor * (maintenance - ratio_before)
        made.append(
            Bracket(
                number=number,
                leverage=leverage,
                floor=floor,
                cap=Decimal(cap),
                maintenance=maintenance,
                deduction=deduction,
            )
        )
        floor, ratio_before = Decimal(cap), maintenance
    return tuple(made)


# Binance's smallest and largest tiers of BTCUSDT, rounded (leverage bracket page, 2026).
LINEAR_BRACKETS = brackets(
    (125, "300000", "0.004"),
    (100, "800000", "0.005"),
    (75, "3000000", "0.0065"),
    (50, "12000000", "0.01"),
    (25, "70000000", "0.02"),
    (20, "100000000", "0.025"),
    (10, "230000000", "0.05"),
    (5, "480000000", "0.1"),
    (4, "600000000", "0.125"),
    (3, "800000000", "0.15"),
    (2, "1200000000", "0.25"),
    (1, "1800000000", "0.5"),
)

# The same of BTCUSD_PERP, in BTC.
INVERSE_BRACKETS = brackets(
    (125, "5", "0.004"),
    (100, "10", "0.005"),
    (50, "20", "0.01"),
    (20, "50", "0.025"),
    (10, "100", "0.05"),
    (5, "200", "0.1"),
    (4, "400", "0.125"),
    (3, "1000", "0.15"),
    (2, "1500", "0.25"),
    (1, "3000", "0.5"),
)


@attrs.frozen(kw_only=True)
class FuturesRules:
    """Limits and rates of one futures symbol beyond its `Instrument` and `SymbolRules`.

    Attributes:
        default_leverage: what accounts start with.
        funding_hours: how often funding is paid, counted from midnight UTC; 0 for never, which is
            always so for dated contracts.
        liquidation_fee: part of the liquidated notional that goes to the insurance fund, as far as
            the margin reaches.
        trigger_protect: how far mark and contract price may differ for protected triggers.
        min_good_till: seconds that a GTD order must live at least.
        max_algo_orders: open algo orders of an account over all symbols.
    """

    brackets: tuple[Bracket, ...] = LINEAR_BRACKETS
    default_leverage: int = 20
    funding_hours: int = 8
    funding_rate: Decimal = amount_field("funding_rate", Decimal("0.0001"))
    liquidation_fee: Decimal = amount_field("liquidation_fee", Decimal("0.0125"))
    trigger_protect: Decimal = amount_field("trigger_protect", Decimal("0.05"))
    min_good_till: int = 600
    max_algo_orders: int = 200

    def bracket(self, notional: Decimal) -> Bracket:
        """Return the bracket of a position of `notional`; the last one has no end."""
        for bracket in self.brackets:
            if notional <= bracket.cap:
                return bracket
        return self.brackets[-1]

    def maintenance(self, notional: Decimal) -> Decimal:
        """Return the maintenance margin of a position of `notional`."""
        bracket = self.bracket(notional)
        return notional * bracket.maintenance - bracket.deduction

    def max_notional(self, leverage: int) -> Decimal:
        """Return how large a position may be at `leverage`."""
        caps = [bracket.cap for bracket in self.brackets if bracket.leverage >= leverage]
        return max(caps, default=ZERO)

    @property
    def max_leverage(self) -> int:
        """Return the highest leverage of all brackets."""
        return max(bracket.leverage for bracket in self.brackets)
