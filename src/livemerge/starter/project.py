"""A folder's name → a project in it, from the files that ship beside this module."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from typing import Final

from livemerge.errors import ConfigError

FILES: Final[Mapping[str, str]] = {
    # as shipped → as written, in the order a reader meets them
    "livemerge.toml": "livemerge.toml",
    "people.csv": "people.csv",
    "products.csv": "products.csv",
    "templates/welcome.liquid.html": "templates/welcome.liquid.html",
    "templates/welcome.mailchimp.html": "templates/welcome.mailchimp.html",
    "campaigns/welcome.toml": "campaigns/welcome.toml",
    "gitignore": ".gitignore",  # under its own name it would rule over this repository
}


def write_project(target: Path) -> list[Path]:
    """Writes the project and gives the files written. Raises ConfigError, and then nothing was written."""
    _refuse_overwriting(target)
    written: list[Path] = []
    for shipped, name in FILES.items():
        path = target / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written.append(path)
                file.write(files("livemerge.starter").joinpath("files", shipped).read_text(encoding="utf-8"))
        except OSError as error:
            _take_back(written)
            advice = "Check that the folder may be written, or choose another."
            raise ConfigError(f"cannot be written: {error.strerror}", where=str(path), advice=advice) from error
    return written


def _take_back(written: list[Path]) -> None:
    """Half a project would be in the way of the next `init`. We made these files ourselves."""
    for path in written:
        with suppress(OSError):
            path.unlink()


def _refuse_overwriting(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise ConfigError("is a file", where=str(target), advice="Choose the name of a folder: livemerge init shop")
    if there := [name for name in FILES.values() if (target / name).exists()]:
        what = f"already holds {', '.join(there)}"
        raise ConfigError(what, where=str(target), advice="Nothing is overwritten: choose a new folder.")
