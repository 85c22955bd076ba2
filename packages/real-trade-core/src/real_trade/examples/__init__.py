"""Runnable examples: strategies to copy, and what the demonstration runs."""
