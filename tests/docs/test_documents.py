"""What the documents say is true: links lead somewhere, commands and options exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from real_trade.cli.app import cli

ROOT = Path(__file__).parents[2]
_TRACKED = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False
).stdout.split("\n")
DOCUMENTS = sorted(
    {ROOT / name for name in _TRACKED if name}
    or set(ROOT.glob("*.md")) | set(ROOT.glob("docs/**/*.md"))
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name(path):
    return path.relative_to(ROOT).as_posix()


def outside_code(text):
    return FENCE.sub("", text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_relative_link_leads_to_a_file(document):
    links = LINK.findall(outside_code(document.read_text(encoding="utf-8")))
    local = [link.split("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    missing = [link for link in local if link and not (document.parent / link).exists()]
    assert missing == []


def commands():
    found = []
    for document in DOCUMENTS:
        for block in FENCE.findall(document.read_text(encoding="utf-8")):
            for line in block.splitlines():
                words = line.strip().removeprefix("$ ").split(" #")[0]
                if re.match(r"(\.venv/bin/)?real-trade ", words):
                    found.append((name(document), words.removeprefix(".venv/bin/")))
    return found


@pytest.mark.parametrize(("document", "line"), commands())
def test_every_command_in_a_document_exists_with_its_options(document, line):
    words = [word for word in shlex.split(line)[1:] if word not in {"&", "|"}]
    words = words[: words.index("--")] if "--" in words else words  # the rest is another command's
    group: click.Command = cli
    context = click.Context(cli)
    while words and isinstance(group, click.Group) and not words[0].startswith("-"):
        command = group.get_command(context, words[0])
        assert command is not None, f"{document}: no command {words[0]!r} in {line!r}"
        group, words = command, words[1:]
    known = {option for parameter in group.params for option in parameter.opts} | {"--help", "-h"}
    used = {word.split("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    assert used <= known, f"{document}: {line!r} uses {sorted(used - known)}"


def test_the_readme_names_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "python3 dev.py demo" in text
    assert "python3 dev.py test" in text


def test_every_decision_has_context_decision_and_consequences():
    for decision in ROOT.glob("docs/adr/*.md"):
        headings = re.findall(r"^## (.+)$", decision.read_text(encoding="utf-8"), re.MULTILINE)
        assert {"Context", "Decision", "Consequences"} <= set(headings), decision.name
