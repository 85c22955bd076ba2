"""The Chinese README shows the same commands, code and links as the English one."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def shown(name):
    """Return the lines of all code blocks without comments, but for the drawing of the layers."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks if "│" not in block for line in block.splitlines()]
    return [re.sub(r"\s+#.*", "", line).rstrip() for line in lines]


def links(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    return {one for one in re.findall(r"\]\(([^)]+)\)", text) if not one.startswith("README")}


def test_code_and_commands_are_the_same():
    assert shown("README.zh-CN.md") == shown("README.md")


def test_links_are_the_same_but_for_places_in_the_page():
    english, chinese = links("README.md"), links("README.zh-CN.md")
    assert {one for one in english ^ chinese if not one.startswith("#")} == set()
