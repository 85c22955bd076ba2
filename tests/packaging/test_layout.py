"""The layout that users and plugin authors rely on."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(ROOT.glob("packages/*/pyproject.toml"))
NAMES = [path.parent.name for path in PROJECTS]


def settings(path: Path) -> dict:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def source_files():
    return list(ROOT.glob("packages/*/src/real_trade/**/*.py"))


def test_the_namespace_has_no_init_file_anywhere():
    assert [str(path) for path in ROOT.glob("packages/*/src/real_trade/__init__.py")] == []


def test_every_part_is_typed():
    parts = {path.parent for path in ROOT.glob("packages/*/src/real_trade/*/__init__.py")}
    assert parts
    assert [str(part) for part in parts if not (part / "py.typed").exists()] == []


@pytest.mark.parametrize("project", PROJECTS, ids=NAMES)
def test_a_project_says_what_it_is(project):
    found = settings(project)["project"]
    assert found["name"] == project.parent.name
    assert found["license"] == "GPL-3.0-or-later"
    assert found["requires-python"] == ">=3.11"
    assert (project.parent / "README.md").stat().st_size > 200
    assert version(found["name"]) == found["version"]


def test_only_the_ccxt_extra_and_binance_depend_on_ccxt():
    core = settings(ROOT / "packages/real-trade-core/pyproject.toml")["project"]
    assert not [name for name in core["dependencies"] if name.startswith("ccxt")]
    assert [name for name in core["optional-dependencies"]["ccxt"] if name.startswith("ccxt")]


def test_core_leaves_ranges_open_at_the_top():
    core = settings(ROOT / "packages/real-trade-core/pyproject.toml")["project"]
    assert [name for name in core["dependencies"] if "<" in name or "==" in name] == []


@pytest.mark.parametrize("path", source_files(), ids=lambda path: path.name)
def test_only_the_runtime_asks_for_time_threads_and_chance(path):
    if path.parent.name == "runtime":
        return
    text = path.read_text(encoding="utf-8")
    banned = (
        r"\btime\.(time|sleep|monotonic|time_ns)\(",
        r"\bdatetime\.(now|utcnow)\(",
        r"\bthreading\.(Thread|Timer)\(",
        r"\buuid\.uuid",
        r"(?<![\w.])random\.(random|choice|choices|randint|uniform|shuffle|sample)\(",
        r"(?<![\w.])random\.Random\(\)",  # without a seed
    )
    found = [pattern for pattern in banned if re.search(pattern, text, re.MULTILINE)]
    assert found == []


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["plugins", "list", "--output", "json"]]
)
def test_a_light_command_loads_nothing_heavy(command):
    code = (
        "import sys\n"
        "from real_trade.cli.app import run\n"
        f"status = run({command!r})\n"
        "heavy = {'ccxt', 'pandas', 'numpy', 'backtrader', 'sqlalchemy', 'matplotlib'}\n"
        "found = sorted(heavy & set(sys.modules))\n"
        "sys.exit(f'loaded {found}' if found or status else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr


def test_the_repository_names_no_machine_path_and_no_registry():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not tracked:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(^|[^a-z.])/(w[o]rk|f[a]rm)/|index[-]url|registr[y] = \"", re.MULTILINE)
    here = Path(__file__).relative_to(ROOT).as_posix()
    found = []
    for name in tracked:
        path = ROOT / name
        if name == here or not path.is_file():
            continue
        if pattern.search(path.read_text(encoding="utf-8", errors="replace")):
            found.append(name)
    assert found == []
