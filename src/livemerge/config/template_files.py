"""The project's folder `templates/`: which files are in it, and their texts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TEMPLATES: Final = "templates"
MAX_FILES: Final = 5_000
MAX_FILE_BYTES: Final = 4_194_304  # of one template: a MiB of characters, in UTF-8


def template_files(root: Path) -> list[Path]:
    """Every file below templates/ that is not hidden, in the order of their paths."""
    folder = root / TEMPLATES
    found = (path for path in folder.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(folder)))
    return sorted(found)


def template_texts(root: Path) -> dict[str, str]:
    """The texts of these files by their paths below templates/. What is no text, or too long for one, is left out."""
    texts: dict[str, str] = {}
    for path in template_files(root)[:MAX_FILES]:
        if (text := _text(path)) is not None:
            texts[path.relative_to(root / TEMPLATES).as_posix()] = text
    return texts


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_FILE_BYTES else None
    except (OSError, UnicodeDecodeError):  # a picture, or a file that was taken away meanwhile
        return None
