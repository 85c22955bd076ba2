"""The container files say what is here: no engine builds them in the tests, so their words are
held against the tree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from real_trade.cli.app import cli

ROOT = Path(__file__).parents[2]


def instructions():
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def test_every_instruction_is_one_of_dockers():
    known = {"FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "VOLUME", "STOPSIGNAL"}
    assert {name for name, _ in instructions()} <= known | {"ENTRYPOINT", "CMD"}


def test_the_last_stage_does_not_run_as_root():
    users = [value for name, value in instructions() if name == "USER"]
    assert users == ["trader"]
    after = [name for name, _ in instructions()]
    assert "RUN" not in after[after.index("USER") :]


def test_every_package_but_the_page_is_installed():
    run = next(value for name, value in instructions() if name == "RUN")
    installed = set(re.findall(r"/src/([\w-]+)", run))
    assert installed == {one.name for one in (ROOT / "packages").iterdir() if one.is_dir()}


def test_what_is_copied_is_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    copied = [value.split()[0] for name, value in instructions() if name == "COPY"]
    here = [source for source in copied if not source.startswith("--")]
    assert here == ["packages"]
    assert all(f"!{source}" in ignored for source in here)


def test_the_composed_bot_runs_words_that_exist_without_privileges():
    yaml = pytest.importorskip("yaml")
    bot = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["bot"]
    command = cli.get_command(None, bot["command"][0])
    asked = command.make_context("run", list(bot["command"][1:])).params
    assert (asked["bot"], asked["metrics_port"]) == ("main", 9100)
    compile(bot["healthcheck"]["test"][-1], "healthcheck", "exec")
    assert f":{asked['metrics_port']}/healthz" in bot["healthcheck"]["test"][-1]
    assert bot["read_only"] is True
    assert bot["cap_drop"] == ["ALL"]
    assert bot["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in bot
