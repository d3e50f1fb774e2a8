"""What people see on their terminal is text, whatever customers, relays and callers are called."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.markup import escape
from rich.table import Table

from livemerge.cli import main
from livemerge.cli.output import Terminal, short

HOSTILE = "Ann\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\r:heart: [/] [red]x"


@pytest.fixture
def screen() -> io.StringIO:
    return io.StringIO()


def a_terminal(screen: io.StringIO) -> Terminal:
    return Terminal(file=screen, emoji=False, width=200)


def is_harmless(text: str) -> bool:
    return not any(character in text for character in "\x1b\x07\x9b\u202e\r❤")


def test_no_text_reaches_the_terminal_as_a_command(screen: io.StringIO) -> None:
    a_terminal(screen).print(f"Hello {escape(HOSTILE)}")
    assert is_harmless(screen.getvalue())
    assert "gnp.exe" in screen.getvalue()
    assert ":heart: [/] [red]x" in screen.getvalue()


def test_no_cell_of_a_table_reaches_the_terminal_as_a_command(screen: io.StringIO) -> None:
    table = Table("customer", "value")
    table.add_row(escape(HOSTILE), short(HOSTILE))
    a_terminal(screen).print(table)
    assert is_harmless(screen.getvalue())


def test_lines_and_letters_of_every_script_stay_as_they_are(screen: io.StringIO) -> None:
    a_terminal(screen).print("Zoë · محمد · 山田\n\tnext line 🎉")
    assert [line.strip() for line in screen.getvalue().splitlines()] == ["Zoë · محمد · 山田", "next line 🎉"]


@pytest.mark.parametrize(
    "words",
    [
        ["profile", HOSTILE],
        ["override", "set", "first_name", HOSTILE, "--reason", HOSTILE, "--customer", HOSTILE],
        ["override", "ls"],
        ["explain", HOSTILE, HOSTILE],
        ["campaigns", "show", HOSTILE],
        ["render", HOSTILE, "--customer", HOSTILE],
        ["send", HOSTILE],
        ["send", "x" * 5_000],
        ["check", "x" * 5_000],
        ["serve", "--port", "99999"],
        ["keys", "create", HOSTILE],
        ["keys", "ls"],
        ["access", "ls", "--customer", HOSTILE],
    ],
    ids=lambda words: " ".join(word[:20] for word in words if word != HOSTILE),
)
def test_hostile_words_are_answered_in_words(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def livemerge(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["livemerge", *words])
        with pytest.raises(SystemExit):
            main()
        shown = capsys.readouterr()
        return shown.out + shown.err

    project = str(tmp_path / "shop")
    livemerge("init", project)
    livemerge("--project", project, "keys", "create", HOSTILE)
    livemerge(
        "--project", project, "override", "set", "first_name", HOSTILE, "--reason", HOSTILE, "--customer", HOSTILE
    )
    assert is_harmless(livemerge("--project", project, *words))
