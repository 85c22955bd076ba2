"""Set up and run real-trade from a clone: `python3 dev.py demo` and `python3 dev.py test`.

Needs Python 3.11 or newer, its venv module, and a network to the package index. Makes `.venv`
beside this file once; later runs start at once. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "real-trade-setup"
PACKAGES = sorted((ROOT / "packages").glob("*/pyproject.toml"))
USAGE = """usage: python3 dev.py demo [-- ARGS]    watch a strategy trade on the simulated exchange
       python3 dev.py test [-- ARGS]    run the tests (ARGS go to pytest)
       python3 dev.py setup             only make .venv"""


def fingerprint() -> str:
    """Return what the environment depends on; it is made again when this changes."""
    digest = hashlib.sha256(sys.version.encode())
    for path in [ROOT / "pyproject.toml", *PACKAGES]:
        digest.update(path.read_bytes())
    digest.update(str(ROOT).encode())
    return digest.hexdigest()


def groups() -> list[str]:
    """Return the requirements of the workspace's dependency groups."""
    import tomllib

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = settings["dependency-groups"]
    return [requirement for name in ("test", "lint", "nox") for requirement in found[name]]


def step(number: int, what: str, command: list[str | Path]) -> None:
    """Run one step of the set-up, saying what and how long."""
    print(f"[{number}/3] {what} ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        raise SystemExit(
            f"set-up failed at: {what}\nfix: check the network to the package index, "
            "then run the same command again"
        )
    print(f"      {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


def set_up() -> None:
    """Make `.venv` with every package of the workspace, unless it is there already."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    print("Setting up .venv (once; about a minute or two)", file=sys.stderr)
    step(1, "making the virtual environment", [sys.executable, "-m", "venv", "--clear", VENV])
    editable = [part for path in PACKAGES for part in ("-e", str(path.parent))]
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input"]
    pip += ["--disable-pip-version-check", "--no-compile"]
    step(2, "installing the packages and their dependencies", [*pip, *editable, *groups()])
    compile_all: list[str | Path] = [PYTHON, "-m", "compileall", "-q", "-j", "0"]
    libraries = next(VENV.glob("lib/python*/site-packages"), VENV / "Lib" / "site-packages")
    sources = [path.parent / "src" for path in PACKAGES]
    # Some packages ship templates that are not Python: compileall's verdict on those is no failure.
    step(3, "byte-compiling", ["sh", "-c", '"$@" || true', "sh", *compile_all, libraries, *sources])
    STAMP.write_text(wanted, encoding="utf-8")


def main(argv: list[str]) -> int:
    """Set up, then run the command."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said here, where an older one would run into it
        print(f"real-trade needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
        return 2
    command = argv[0] if argv else ""
    rest = argv[1:]
    if rest[:1] == ["--"]:
        rest = rest[1:]
    if command not in {"demo", "test", "setup"}:
        print(USAGE, file=sys.stderr)
        return 0 if command in {"-h", "--help"} else 2
    try:
        set_up()
        if command == "demo":
            return subprocess.call([BIN / "real-trade", "demo", *rest], cwd=ROOT)
        if command == "test":
            workers = [] if any(part.startswith("-n") for part in rest) else ["-n", "auto"]
            return subprocess.call([PYTHON, "-m", "pytest", *workers, *rest], cwd=ROOT)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
