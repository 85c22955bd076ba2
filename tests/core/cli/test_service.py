"""`real-trade service`: units that systemd takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from real_trade.cli.app import run as real_trade
from real_trade.cli.service import unit_text
from real_trade.utils.errors import ConfigurationError

STRATEGY = "import backtrader as bt\n\n\nclass Mine(bt.Strategy):\n    pass\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "my bots 100%"
    place.mkdir()
    (place / "mine.py").write_text(STRATEGY)
    monkeypatch.chdir(place)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return place


def unit_of(folder: Path, bot: str) -> Path:
    return folder.parent / "config" / "systemd" / "user" / f"real-trade-{bot}.service"


def verified(path: Path) -> str:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        env={"XDG_RUNTIME_DIR": str(path.parent), "HOME": str(path.parent)},
    )
    return done.stderr if path.name in done.stderr else ""


def test_a_service_is_written_and_removed(folder, capfd):
    assert real_trade(["service", "install", "--bot", "night", "--", "-s", "mine.py"]) == 0
    told = capfd.readouterr().out
    unit = unit_of(folder, "night")
    text = unit.read_text()
    assert '"run" "--bot" "night" "-s" "mine.py"' in text
    assert f"WorkingDirectory={str(folder).replace('%', '%%')}" in text
    assert "RestartPreventExitStatus=1 2 3 4 6 7 8" in text
    assert "systemctl --user daemon-reload" in told
    assert real_trade(["service", "remove", "--bot", "night"]) == 0
    assert not unit.exists()
    assert real_trade(["service", "remove", "--bot", "night"]) == 3
    assert "there is no service for the bot 'night'" in capfd.readouterr().err


def test_systemd_takes_the_unit(folder):
    assert real_trade(["service", "install", "--", "-s", "mine.py"]) == 0
    assert verified(unit_of(folder, "main")) == ""


def test_words_that_systemd_would_read_otherwise_are_quoted(tmp_path):
    words = ["python3", 'a "b" \\ $HOME %h']
    text = unit_text("main", tmp_path, words)
    assert 'ExecStart="python3" "a \\"b\\" \\\\ $$HOME %%h"' in text


def test_a_name_with_a_line_break_cannot_add_a_line(tmp_path):
    with pytest.raises(ConfigurationError, match="line break"):
        unit_text("x\nExecStartPre=/bin/false", tmp_path, ["python3"])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--", "-s", "mine.py", "--moode", "paper"], 2, "--mode"),
        (["--", "-s", "gone.py"], 3, "gone.py"),
        (["--", "-s", "mine.py", "-c", "gone.toml"], 3, "gone.toml"),
        (["--bot", "../../x", "--", "-s", "mine.py"], 3, "is no name for a service"),
    ],
)
def test_what_would_not_run_is_refused_when_it_is_installed(folder, capfd, words, code, said):
    assert real_trade(["service", "install", *words]) == code
    assert said in capfd.readouterr().err
    assert not (folder.parent / "config").exists()


def test_show_writes_nothing(folder, capfd):
    assert real_trade(["service", "install", "--show", "--", "-s", "mine.py"]) == 0
    assert capfd.readouterr().out.startswith("# Written by")
    assert not (folder.parent / "config").exists()
