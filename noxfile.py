"""The project's chores. `nox -l` lists them; each sets itself up."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("packages/*/pyproject.toml"))
GROUPS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
TOOLS = ["hypothesis", "pytest", "pytest-timeout", "pytest-xdist", "time-machine"]

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "imports", "example", "alone", "tests"]
nox.options.error_on_missing_interpreters = False


def short(package: str) -> str:
    """Return the package's name without the common prefix."""
    return package.removeprefix("real-trade-")


def group(name: str, only: list[str] | None = None) -> list[str]:
    """Return a dependency group's requirements, or those of them whose project is in `only`."""
    return [
        requirement
        for requirement in GROUPS[name]
        if only is None or requirement.split(">=")[0] in only
    ]


def editable() -> list[str]:
    """Return pip's arguments that install every package of the workspace from its folder."""
    return [part for package in PACKAGES for part in ("-e", str(ROOT / "packages" / package))]


def settle(session: nox.Session, *requirements: str) -> None:
    """Install `requirements` once; an environment that has them already starts at once."""
    stamp = Path(session.virtualenv.location) / "real-trade-requirements.json"
    projects = {
        package: (ROOT / "packages" / package / "pyproject.toml").read_text(encoding="utf-8")
        for package in PACKAGES
    }
    wanted = json.dumps([str(ROOT), list(requirements), projects])
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        session.install("--quiet", *requirements)
        stamp.write_text(wanted, encoding="utf-8")


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests; arguments go to pytest."""
    settle(session, *editable(), *group("test"))
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
@nox.parametrize("package", [nox.param(name, id=short(name)) for name in PACKAGES])
def alone(session: nox.Session, package: str) -> None:
    """Build one package's wheel, install it with only its own dependencies, run its own tests."""
    wheels = Path(session.create_tmp())
    for old in wheels.glob("*.whl"):
        old.unlink()
    session.install("--quiet", "build")
    needed = [package] if package == "real-trade-core" else ["real-trade-core", package]
    for name in needed:
        source = str(ROOT / "packages" / name)
        session.run("python", "-m", "build", "--wheel", "-o", str(wheels), source, silent=True)
    session.install("--quiet", *group("test", TOOLS))
    # The clients of other people that judge the simulator are its tests' dependencies, not its own.
    if package == "real-trade-simulator":
        session.install("--quiet", *[name for name in group("test") if "binance" in name], "ccxt")
    built = [str(path) for path in wheels.glob("*.whl")]
    session.install("--quiet", "--force-reinstall", "--no-deps", *built)
    session.install("--quiet", "--find-links", str(wheels), package)
    folder = ROOT / "tests" / short(package)
    session.run("pytest", "-n", "auto", "-q", str(folder), *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting."""
    settle(session, *group("lint", ["ruff"]))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly."""
    settle(session, *editable(), *group("lint", ["mypy"]), *group("test", ["pytest", "optuna"]))
    session.run("mypy", *[str(ROOT / "packages" / name / "src") for name in PACKAGES])


@nox.session
def imports(session: nox.Session) -> None:
    """Check who imports whom."""
    settle(session, *editable(), *group("lint", ["import-linter"]))
    session.run("lint-imports", "--no-cache")


@nox.session
def example(session: nox.Session) -> None:
    """Install the example of a third party's plugin, run its tests and grade it."""
    home = ROOT / "examples" / "real-trade-kraken"
    core = f"{ROOT / 'packages' / 'real-trade-core'}[ccxt,testing]"
    settle(session, "-e", core, "-e", str(home))
    session.run("pytest", "-q", "--rootdir", str(home), str(home / "tests"))
    tests = str(home / "tests")
    session.run("real-trade", "plugins", "check", "kraken", "--tests", tests, silent=True)


@nox.session
def build(session: nox.Session) -> None:
    """Build wheel and sdist of every package into dist/."""
    settle(session, "build", "twine")
    for name in PACKAGES:
        session.run("python", "-m", "build", "-o", "dist", str(ROOT / "packages" / name))
    session.run("twine", "check", "--strict", *[str(path) for path in ROOT.glob("dist/*")])


@nox.session
def bench(session: nox.Session) -> None:
    """Run a benchmark by name; one JSON object on the last line of stdout."""
    settle(session, *editable(), *group("test"), "pandas")
    known = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py"))
    if not session.posargs or session.posargs[0] not in known:
        session.error(f"name a benchmark: nox -s bench -- {' | '.join(known)}")
    name, *rest = session.posargs
    session.run("python", str(ROOT / "benchmarks" / f"{name}.py"), *rest)


@nox.session
def storm(session: nox.Session) -> None:
    """Trade through faults on a simulated exchange, then compare the books; see TRUST.md."""
    settle(session, *editable(), *group("test"))
    session.run("python", str(ROOT / "tests" / "storm" / "run.py"), *session.posargs)
