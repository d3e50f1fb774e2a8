"""check: what is wrong with templates, for people, for programs, for GitHub and for whatever reads SARIF."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from livemerge.app import Checked, Livemerge, check_file
from livemerge.check import describe
from livemerge.cli.github import github_commands
from livemerge.cli.output import Exit, Here, JsonOption, out, print_json
from livemerge.cli.sarif import sarif_log
from livemerge.config import PROJECT_FILE
from livemerge.template import Finding

LanguageOption = Annotated[
    str, typer.Option("--language", help="The language of files whose name and front matter do not say it.")
]
DialectOption = Annotated[
    str, typer.Option("--dialect", help="The dialect of files whose front matter does not say it.")
]


class Format(StrEnum):
    """How findings are shown: for people, as GitHub's workflow commands, or as one SARIF 2.1.0 document."""

    TEXT = "text"
    GITHUB = "github"
    SARIF = "sarif"


def check(
    context: typer.Context,
    templates: Annotated[list[str] | None, typer.Argument(help="Templates to prove. Default: all.")] = None,
    language: LanguageOption = "",
    dialect: DialectOption = "",
    form: Annotated[Format, typer.Option("--format", help="How findings are shown.")] = Format.TEXT,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Prove, before anything is sent, that every placeholder is a declared field, fits its type, and has a fallback.

    Shows each finding with its line, a caret, what it does to which customers and how to mend it, and which source
    calls each template needs. A file outside of a project is checked without a catalog. Exit code 0: clean, or
    warnings only; 1: errors.
    """
    here: Here = context.obj
    checked = list(_checked(here, templates or [], language, dialect))
    _SHOWN[form](checked)
    is_ok = not any(_is_bad(one, strict) for one in checked)
    if as_json:
        print_json(_document(checked, is_ok))
    if not is_ok:
        raise typer.Exit(Exit.FINDINGS)


def _checked(here: Here, names: Sequence[str], language: str, dialect: str) -> Iterator[tuple[Path, Checked]]:
    """What is said of each file, with the folder its name begins at."""
    root = here.root()
    if not names or here.folder is not None or (root / PROJECT_FILE).is_file():
        yield from ((root, one) for one in here.open().check(names, language, dialect))
        return
    for name in names:
        project = next((folder for folder in Path(name).absolute().parents if (folder / PROJECT_FILE).is_file()), None)
        if project is None:
            yield Path(), check_file(Path(name), language, dialect)
        else:
            opened = Livemerge.open(project)
            yield from ((project, one) for one in opened.check([Path(name).absolute()], language, dialect))


def _is_bad(checked: tuple[Path, Checked], strict: bool) -> bool:
    _, one = checked
    return not one.is_sendable or (strict and bool(one.findings))


# --- for people ------------------------------------------------------------------------------------


def _print_text(checked: Sequence[tuple[Path, Checked]]) -> None:
    for _, one in checked:
        _print_file(one)
    found = [finding for _, one in checked for finding in one.findings]
    if found:
        errors = sum(finding.severity == "error" for finding in found)
        out.print(f"{_counted(errors, 'error')}, {_counted(len(found) - errors, 'warning')}")


def _print_file(one: Checked) -> None:
    mark = "[green]✓[/]" if one.is_sendable else "[red]✗[/]"
    out.print(f"{mark} {escape(one.name)}" + (f"  {escape(one.plan)}" if one.plan else ""))
    for finding in one.findings:
        out.print(escape(describe(one.name, finding)) + "\n")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


# --- for programs ----------------------------------------------------------------------------------


def _document(checked: Sequence[tuple[Path, Checked]], is_ok: bool) -> dict[str, Any]:
    files = [
        {
            "file": one.name,
            "ok": one.is_sendable,
            "error": one.error,
            "findings": [_as_json(finding) for finding in one.findings],
        }
        for _, one in checked
    ]
    return {"ok": is_ok, "files": files}


def _as_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "part": finding.part,
        "what": finding.what,
        "effect": finding.effect,
        "advice": finding.advice,
    }


def _print_github(checked: Sequence[tuple[Path, Checked]]) -> None:
    for root, one in checked:
        for line in github_commands(root, one.name, one.findings):
            typer.echo(line)


def _print_sarif(checked: Sequence[tuple[Path, Checked]]) -> None:
    print_json(sarif_log((root, one.name, one.findings) for root, one in checked))


_SHOWN = {Format.TEXT: _print_text, Format.GITHUB: _print_github, Format.SARIF: _print_sarif}
