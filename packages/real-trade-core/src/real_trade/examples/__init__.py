"""Runnable examples: `python -m real_trade.examples.quickstart`, and strategies to copy."""
