"""The plugin against the suite that every exchange passes."""

from decimal import Decimal

import kraken_double as double
import pytest
from real_trade_kraken import REAL_TRADE_API, open_exchange, register_exchanges

from real_trade.exchange import ExchangeSettings
from real_trade.runtime import VirtualRuntime
from real_trade.testing import ExchangeConformance, Workbench


class TestKraken(ExchangeConformance):
    @pytest.fixture
    def bench(self):
        runtime = VirtualRuntime(7)
        settings = ExchangeSettings(
            runtime=runtime,
            apikey=double.KEY,
            secret=double.SECRET,
            transport=double.KrakenDouble(runtime.clock),
        )
        bench = Workbench(
            open=open_exchange,
            settings=settings,
            symbol=double.SYMBOL,
            name="kraken",
            distance=Decimal("0.05"),
            bad_keys=("another-key", double.SECRET),
        )
        yield bench
        bench.close()


def test_it_registers_kraken():
    assert REAL_TRADE_API == (1, 0)
    assert [spec.name for spec in register_exchanges()] == ["kraken"]
