"""A TOML file → its document and the places of its keys; what is not TOML is shown where it stands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from livemerge.config.places import TomlPlaces
from livemerge.errors import ConfigError

PROJECT_FILE = "livemerge.toml"


def read_toml(path: Path, shown: str) -> tuple[dict[str, Any], TomlPlaces]:
    """The file's document, and where its keys stand. Raises ConfigError; `shown` is the file's name in it."""
    text = _read_text(path, shown)
    try:
        document, places = tomllib.loads(text), TomlPlaces(text, shown)
    except RecursionError:
        raise ConfigError("not valid TOML: nested too deeply", where=shown) from None
    except ValueError as error:  # TOMLDecodeError, and numbers of thousands of digits
        what, line, column = _toml_error(str(error))
        caret = _caret(text, line, column)
        raise ConfigError(
            f"not valid TOML: {what}{caret}",
            where=f"{shown}:{line}:{column}" if line else shown,
            advice="Text stands in quotes, lists in [ ], and a key appears once in its table.",
        ) from None
    _refuse_nul(document, places)
    return document, places


def _refuse_nul(document: dict[str, Any], places: TomlPlaces) -> None:
    """No path, name, address or text of a setting holds a NUL, and whatever gets one fails in a way of its own."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), document)]
    while waiting:
        keys, value = waiting.pop()
        match value:
            case dict():
                waiting += [((*keys, name), inner) for name, inner in value.items()]
                waiting += [(keys, name) for name in value]
            case list():
                waiting += [(keys, inner) for inner in value]
            case str() if "\0" in value:
                advice = r"Take `\u0000` out, and write a backslash in a path as `\\` or in single quotes."
                raise ConfigError("holds a NUL character", where=places.where(*keys), advice=advice)


def _read_text(path: Path, shown: str) -> str:
    try:
        found = path.read_bytes()
        return found.decode("utf-8-sig").replace("\r\n", "\n")  # some editors begin with a byte order mark
    except FileNotFoundError:
        advice = "`livemerge init NAME` writes a project." if shown == PROJECT_FILE else ""
        raise ConfigError(f"there is no {shown} in {path.parent}", advice=advice) from None
    except UnicodeDecodeError as error:
        line = found.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"not UTF-8 text (byte {error.start})", where=f"{shown}:{line}") from None
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=shown) from None


def _toml_error(message: str) -> tuple[str, int, int]:
    """What tomllib says, with the place taken out of its sentence; line 0 where it names none."""
    match = re.search(r"\s*\(at line (\d+), column (\d+)\)$", message)
    if match is None:
        bare = message.removesuffix(" (at end of document)")
        return f"{bare} at the end of the file" if bare != message else message, 0, 0
    return message[: match.start()], int(match[1]), int(match[2])


_MAY_HOLD_A_SECRET = re.compile(r"secret|password|bearer|token|user|value|auth|url|client|api", re.IGNORECASE)


def _caret(text: str, line: int, column: int) -> str:
    """The line and its place; nothing where a secret could stand in it."""
    lines = text.split("\n")
    if not 0 < line <= len(lines) or _MAY_HOLD_A_SECRET.search(lines[line - 1]):
        return ""
    return f"\n  {lines[line - 1]}\n  {' ' * (column - 1)}^"
