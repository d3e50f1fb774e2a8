"""What `make setup` installs is enough to run everything: no module leans on what only the tests install."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXTRAS = ("postgresql", "redis")  # what who chooses these servers installs beside the lock file
OF_EXTRAS = "livemerge.store.postgresql", "livemerge.store.connections", "livemerge.resolve.redis_tier"

IMPORT_ALL = """
import importlib, importlib.metadata, pkgutil, re, sys
locked = set(re.findall(r"^([a-z0-9_.-]+)==", open(sys.argv[1]).read(), re.M)) | {"livemerge"}
owners = importlib.metadata.packages_distributions()
normal = lambda name: re.sub(r"[-_.]+", "-", name).lower()

class OnlyLocked:
    def find_spec(self, name, path=None, target=None):
        names = {normal(owner) for owner in owners.get(name.partition(".")[0], ())}
        if names and not names & locked:
            raise ModuleNotFoundError(f"{name} is not in the lock file", name=name)

sys.meta_path.insert(0, OnlyLocked())
import livemerge
for module in pkgutil.walk_packages(livemerge.__path__, "livemerge."):
    if module.name not in sys.argv[2:]:
        importlib.import_module(module.name)
print("all")
"""


def test_every_module_loads_with_nothing_but_the_locked_packages() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, str(ROOT / "requirements.lock"), *OF_EXTRAS], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "all"


def imported(folder: Path) -> set[str]:
    """The top-level modules that any file of a folder imports."""
    found: set[str] = set()
    files = (
        path for path in folder.rglob("*.py") if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    )
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add((node.module or "").partition(".")[0])
    return found


def declared(*groups: str) -> set[str]:
    """The packages that pyproject.toml names, for running and in these groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *(line for group in groups for line in project["optional-dependencies"][group])]
    return {re.match(r"[A-Za-z0-9_.-]+", line)[0].lower() for line in lines}


def owners(*folders: str) -> set[str]:
    """The packages that these folders import from, one for each module."""
    known = importlib.metadata.packages_distributions()
    modules = set().union(*(imported(ROOT / folder) for folder in folders))
    return {known[module][0].lower() for module in modules if module in known} - {"livemerge"}


def test_every_dependency_is_imported_somewhere() -> None:
    assert declared() - owners("src") == set()


def test_whatever_is_imported_is_declared() -> None:
    assert owners("src") - declared("demo", *EXTRAS) == set()
    assert owners("src", "tests", "bench") - declared("demo", "dev", *EXTRAS) == set()
