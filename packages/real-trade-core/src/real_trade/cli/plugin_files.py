"""The files of a new exchange plugin on ccxt: a package that installs and passes its tests."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import attrs

from real_trade.utils.errors import ConfigurationError

__all__ = ["NewPlugin", "write_plugin"]

_NAME = re.compile(r"[a-z][a-z0-9]{1,30}")

_PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.26"]
build-backend = "hatchling.build"

[project]
name = "real-trade-$name"
version = "0.1.0"
description = "$title for real-trade"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["real-trade-core[ccxt]>=0.1.0"]

[project.optional-dependencies]
test = ["real-trade-core[testing]>=0.1.0"]

[project.entry-points.real_trade]
$name = "real_trade_$name"

[tool.hatch.build.targets.wheel]
packages = ["src/real_trade_$name"]

[tool.pytest.ini_options]
pythonpath = ["src"]
testpaths = ["tests"]
"""

_README = """\
# real-trade-$name

$title spot for [real-trade](https://pypi.org/project/real-trade-core/), on ccxt's `$ccxt_id`.

    pip install -e ".[test]"
    pytest
    real-trade plugins check $name
    real-trade run -s my_strategy.py --exchange $name

An order whose refusal `outcomes` does not list counts as unknown: it is looked up and never sent
again. That is safe from the first day. List the refusals that $title documents, so that they are
told at once.
"""

_INIT = '''\
"""$title spot for real-trade. Cheap to import: ccxt comes with the first exchange opened."""

from real_trade.exchange import Exchange, ExchangeSettings
from real_trade.plugins import ExchangeSpec, hookimpl

REAL_TRADE_API = (1, 0)


@hookimpl
def register_exchanges() -> list[ExchangeSpec]:
    """Offer $title."""
    return [ExchangeSpec(name="$name", title="$title", open=open_exchange)]


def open_exchange(settings: ExchangeSettings) -> Exchange:
    """Return $title's exchange for one account; nothing is asked over the network yet."""
    from real_trade_$name.exchange import ${type}Exchange

    return ${type}Exchange(settings)
'''

_EXCHANGE = '''\
"""$title spot: what differs from other exchanges on ccxt."""

from real_trade.exchange import Capabilities
from real_trade.exchange.ccxt import CcxtExchange
from real_trade.exchange.outcomes import OutcomeTable
from real_trade.model import Timeframe

_TIMEFRAMES = ($timeframes)


class ${type}Exchange(CcxtExchange):
    """One spot account.

    What `capabilities` does not declare is refused before anything is sent. A refusal that
    `outcomes` does not list counts as unknown: the order is looked up, and never sent again.
    """

    name = "$name"
    ccxt_id = "$ccxt_id"
    capabilities = Capabilities(timeframes=frozenset(map(Timeframe, _TIMEFRAMES)))
    outcomes = OutcomeTable()
'''

_TEST = '''\
"""$title's plugin without a network; see real_trade.testing for the whole suite."""

import pytest
from real_trade_$name import register_exchanges

from real_trade.model import Market
from real_trade.testing.offline import OfflineConformance, offline_bench


class Test${type}(OfflineConformance):
    @pytest.fixture
    def spec(self):
        return register_exchanges()[0]

    @pytest.fixture
    def bench(self, spec):
        bench = offline_bench(spec, Market.SPOT)
        yield bench
        bench.close()
'''


@attrs.frozen(kw_only=True)
class NewPlugin:
    """What a new plugin is made from.

    Raises:
        ConfigurationError: the name cannot be a package's name, or ccxt has no such exchange.
    """

    name: str
    ccxt_id: str
    title: str = ""
    timeframes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, ccxt_id: str) -> NewPlugin:
        """Return the plugin for an exchange that ccxt knows."""
        if not _NAME.fullmatch(name):
            raise ConfigurationError(
                f"{name!r} does not do as a plugin's name",
                remedy="use 2 to 31 lower-case letters and digits, beginning with a letter",
            )
        from real_trade.exchange.ccxt import describe

        title, timeframes = describe(ccxt_id)
        return cls(name=name, ccxt_id=ccxt_id, title=title, timeframes=timeframes)

    @property
    def files(self) -> dict[str, str]:
        """Return the text of each file by its path in the new folder."""
        words = {
            "name": self.name,
            "ccxt_id": self.ccxt_id,
            "title": self.title,
            "type": self.name.capitalize(),
            "timeframes": ", ".join(f'"{one}"' for one in self.timeframes),
        }
        package = f"src/real_trade_{self.name}"
        texts = {
            "pyproject.toml": _PYPROJECT,
            "README.md": _README,
            f"{package}/__init__.py": _INIT,
            f"{package}/exchange.py": _EXCHANGE,
            f"{package}/py.typed": "",
            f"tests/test_{self.name}.py": _TEST,
        }
        return {path: Template(text).substitute(words) for path, text in texts.items()}


def write_plugin(plugin: NewPlugin, folder: Path) -> list[Path]:
    """Write the plugin into a folder of its own under `folder`; return what was written.

    Raises:
        ConfigurationError: the folder is there already; nothing is overwritten.
    """
    home = folder / f"real-trade-{plugin.name}"
    if home.exists():
        raise ConfigurationError(
            f"{home} is there already; nothing was written",
            remedy="choose another name, or another folder with --into",
        )
    written = []
    for name, text in plugin.files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
