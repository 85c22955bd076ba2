"""`python -m real_trade.cli`."""

from real_trade.cli import main

if __name__ == "__main__":
    main()
