"""The venue side: matching against a tape, the venue's own books, and the paper exchange.

It is the other side of `real_trade.orders`, and the two never import each other, so that each can
check the other.
"""
