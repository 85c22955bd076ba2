"""Small things that every room may use: configuration, secrets, logging, retry, times, checks."""
