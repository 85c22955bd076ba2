"""What the venue does to positions by force: liquidation, auto-deleveraging, delivery.

A liquidation cancels the orders that share the margin; if that is not enough, an order at the
bankruptcy price takes what the book gives, and the insurance fund takes the rest at that price. The
whole position goes at once (Binance closes large ones in steps).
"""

from __future__ import annotations

from decimal import Decimal

from real_trade.model import OrderType, Side, TimeInForce
from real_trade.model.numbers import ZERO
from real_trade.paper.events import Execution
from real_trade.paper.floor import Floor
from real_trade.paper.futures.account import FuturesAccount
from real_trade.paper.futures.events import LiquidationFilled, MarginCalled
from real_trade.paper.futures.positions import LivePosition
from real_trade.paper.futures.values import FuturesRequest, OrderOrigin
from real_trade.paper.ledger import exact_sum
from real_trade.paper.matching import Matcher
from real_trade.paper.rejects import RejectReason, VenueReject
from real_trade.paper.values import SelfTradePrevention, Status, VenueOrder
from real_trade.paper.working import LiveOrder

__all__ = ["ForcedOrders"]

# A margin call comes once the maintenance margin is this part of the margin balance.
_CALL = Decimal("0.8")


class ForcedOrders:
    """Watches margins, and closes positions without asking.

    Args:
        on_bars: whether the venue matches on bars; then nothing can be taken from a book.
    """

    def __init__(self, floor: Floor, matcher: Matcher, *, on_bars: bool) -> None:
        self._floor = floor
        self._matcher = matcher
        self._on_bars = on_bars
        self._count = 0

    # Margin

    def watch(self, account: FuturesAccount) -> None:
        """Call for margin, and liquidate what is below its maintenance margin."""
        if account.watched == (account.version, account.market.version):
            return
        account.watched = (account.version, account.market.version)
        for position in list(account.open_positions()):
            if account.margin.is_isolated(position):
                self._watch_isolated(account, position)
        assets = {one.instrument.settle: None for one in account.open_positions()}
        for asset in assets:
            self._watch_cross(account, asset)
        self.clear(account)

    def clear(self, account: FuturesAccount) -> None:
        """Let the insurance fund cover a wallet that lost more than it had."""
        for asset in account.ledger.assets:
            free = account.ledger.free(asset)
            if free < 0 and not account.margin.positions(asset, isolated=False):
                account.booker.charge(asset, free, "cleared by insurance", self._floor.now())

    def _watch_isolated(self, account: FuturesAccount, position: LivePosition) -> None:
        balance = position.isolated_wallet + account.margin.unrealized(position)
        maintenance = account.margin.maintenance(position)
        if balance < maintenance:
            self._cancel_orders(account, symbol=position.symbol)
            self.liquidate(account, position)
        else:
            self._call(account, [position], balance, maintenance, cross=None)

    def _watch_cross(self, account: FuturesAccount, asset: str) -> None:
        positions = account.margin.positions(asset, isolated=False)
        if not positions:
            return
        balance = account.margin.cross_balance(asset)
        maintenance = sum(map(account.margin.maintenance, positions), ZERO)
        if balance < maintenance:
            self._liquidate_cross(account, asset, positions)
        else:
            cross = account.ledger.free(asset)
            self._call(account, positions, balance, maintenance, cross=cross)

    def _liquidate_cross(
        self, account: FuturesAccount, asset: str, positions: list[LivePosition]
    ) -> None:
        self._cancel_orders(account, asset=asset)
        backings = {id(one): account.states.backing(one) for one in positions}
        for position in positions:
            if position.amount:
                self.liquidate(account, position, backings[id(position)])

    def _call(
        self,
        account: FuturesAccount,
        positions: list[LivePosition],
        balance: Decimal,
        maintenance: Decimal,
        *,
        cross: Decimal | None,
    ) -> None:
        is_close = maintenance > balance * _CALL
        if is_close and not all(one.called for one in positions):
            self._floor.tell(
                MarginCalled(
                    account=account.name,
                    positions=tuple(map(account.states.position, positions)),
                    cross_wallet=cross,
                    time=self._floor.now(),
                )
            )
        for one in positions:
            one.called = is_close

    def _cancel_orders(
        self, account: FuturesAccount, *, symbol: str | None = None, asset: str | None = None
    ) -> None:
        for order in list(account.open.values()):
            book = self._floor.book(order.symbol)
            matches = order.symbol == symbol or book.instrument.settle == asset
            if matches and order.is_open:
                self._floor.end(
                    book, order, Status.CANCELED, Execution.CANCELED, reason="liquidation"
                )

    # Orders of the venue's own

    def liquidate(
        self, account: FuturesAccount, position: LivePosition, backing: Decimal | None = None
    ) -> VenueOrder:
        """Close a position at its bankruptcy price, and take the clearing fee of what is left."""
        if not position.amount:
            raise VenueReject(RejectReason.NO_POSITION, f"there is no {position.symbol} position")
        backing = account.states.backing(position) if backing is None else backing
        price = account.states.bankruptcy_price(position, backing)
        price = price or position.instrument.price_step
        self._count += 1
        order = self._order(
            account,
            position,
            abs(position.amount),
            price,
            OrderOrigin.LIQUIDATION,
            f"autoclose-{self._count}",
        )
        before, profit, value = account.wallet(position.instrument.settle), backing, ZERO
        opened = position.profit(account.margin.mark(position))
        if not self._on_bars:
            self._matcher.take_now(self._floor.book(order.symbol), order)
        self._fill_rest(order)
        value = order.quote_filled
        # What is left of the margin behind the position, after its loss.
        lost = exact_sum(account.wallet(position.instrument.settle), -before)
        left = profit - opened + lost
        self._charge(account, position, value, left)
        snapshot = order.snapshot()
        self._floor.tell(
            LiquidationFilled(
                account=account.name,
                order=snapshot,
                side=position.side,
                bankruptcy_price=price,
                time=self._floor.now(),
            )
        )
        return snapshot

    def _charge(
        self, account: FuturesAccount, position: LivePosition, value: Decimal, left: Decimal
    ) -> None:
        asset = position.instrument.settle
        rate = account.market.rules(position.symbol).liquidation_fee
        fee = min(account.cut(value * rate), account.cut(left))
        account.booker.charge(asset, fee, f"liquidation {position.symbol}", self._floor.now())

    def force(self, account: FuturesAccount, position: LivePosition) -> VenueOrder:
        """Liquidate a position whatever its margin, its symbol's orders first."""
        if position.amount:
            self._cancel_orders(account, symbol=position.symbol)
        return self.liquidate(account, position)

    def deleverage(
        self, account: FuturesAccount, position: LivePosition, amount: Decimal | None
    ) -> VenueOrder:
        """Take (a part of) a position for a liquidation of somebody else, at the mark price."""
        held = abs(position.amount)
        wanted = held if amount is None else amount
        if not held or not ZERO < wanted <= held:
            raise VenueReject(
                RejectReason.NO_POSITION, f"{wanted} of a position of {held} {position.symbol}"
            )
        price = account.margin.mark(position)
        order = self._order(account, position, wanted, price, OrderOrigin.ADL, "adl_autoclose")
        self._fill_rest(order)
        return order.snapshot()

    def deliver(
        self, account: FuturesAccount, position: LivePosition, price: Decimal
    ) -> VenueOrder:
        """Close a position of an expired contract at its settlement price, for the taker fee."""
        self._count += 1
        order = self._order(
            account,
            position,
            abs(position.amount),
            price,
            OrderOrigin.DELIVERY,
            f"settlement_autoclose-{self._count}",
        )
        self._fill_rest(order)
        return order.snapshot()

    def cancel_symbol(self, account: FuturesAccount, symbol: str) -> None:
        """Cancel all orders of a symbol, as it is delivered."""
        for order in list(account.open.values()):
            if order.symbol == symbol and order.is_open:
                self._floor.end(
                    self._floor.book(symbol),
                    order,
                    Status.EXPIRED,
                    Execution.EXPIRED,
                    reason="the contract is settled",
                )

    def _order(
        self,
        account: FuturesAccount,
        position: LivePosition,
        amount: Decimal,
        price: Decimal,
        origin: OrderOrigin,
        client_id: str,
    ) -> LiveOrder:
        side = Side.SELL if position.amount > 0 else Side.BUY
        if origin is not OrderOrigin.DELIVERY:
            price = position.instrument.round_price(price, side)
        request = FuturesRequest(
            symbol=position.symbol,
            side=side,
            type=OrderType.LIMIT,
            amount=amount,
            price=price,
            time_in_force=TimeInForce.IOC,
            client_order_id=client_id,
            position_side=position.side,
            origin=origin,
        )
        order = LiveOrder(account, 0, request, self._floor.now(), SelfTradePrevention.NONE)
        order.order_id = self._floor.next_order_id()
        order.is_working = True
        order.working_at = self._floor.now()
        account.add(order)
        self._floor.book(position.symbol).open[order.order_id] = order
        self._floor.tell_order(order, Execution.NEW)
        return order

    def _fill_rest(self, order: LiveOrder) -> None:
        if not order.remaining or order.limit is None:
            return
        book = self._floor.book(order.symbol)
        trade_id = self._floor.next_trade_id(order.symbol)
        self._floor.execute(book, order, order.limit, order.remaining, trade_id, is_maker=False)
