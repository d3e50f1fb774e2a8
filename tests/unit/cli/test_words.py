"""Whatever words a command is given, it answers in words: no traceback, one JSON object where that is asked for."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from livemerge import __version__
from livemerge.cli import main
from livemerge.cli.output import Exit
from livemerge.cli.web import bind
from livemerge.errors import ConfigError

Command = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def livemerge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command with --json in a new project: (exit code, last line as JSON, standard error)."""

    def run(*words: str) -> tuple[int, dict[str, Any], str]:
        monkeypatch.setattr("sys.argv", ["livemerge", *words, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), json.loads(shown.out.splitlines()[-1]), shown.err

    run("init", str(tmp_path / "shop"))
    monkeypatch.chdir(tmp_path / "shop")
    return run


@pytest.mark.parametrize(
    "words",
    [
        ["chekc"],
        ["check", "--nope"],
        ["profile"],
        ["profile", "c-1001", "--deadline-ms", "abc"],
        ["profile", "c-1001", "--deadline-ms", "-5"],
        ["render", "welcome.liquid.html", "--customer", "c-1001", "--part", "nope"],
        ["keys", "create", "x", "--for", "soon"],
        ["keys", "create", "x", "--scope", "private:nope"],
        ["access", "ls", "--most", "-1"],
        ["demo", "--recipients", "0"],
        ["serve", "--port", "99999"],
    ],
    ids=" ".join,
)
def test_a_command_written_wrongly_is_told_in_json_too(livemerge: Command, words: list[str]) -> None:
    code, answer, shown = livemerge(*words)
    assert code == Exit.USAGE
    assert answer["error"]["kind"] == "UsageError"
    assert answer["error"]["what"] in " ".join(shown.split())
    assert answer["error"]["advice"].startswith("See: livemerge")
    assert answer["error"]["advice"].endswith("--help")


def test_the_version_needs_no_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["livemerge", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert capsys.readouterr().out == f"livemerge {__version__}\n"


@pytest.mark.parametrize("key", ["", "x" * 600], ids=["empty", "too long"])
@pytest.mark.parametrize("command", [["profile"], ["render", "welcome.liquid.html", "--customer"]], ids=lambda c: c[0])
def test_a_key_that_names_nobody_is_refused(livemerge: Command, command: list[str], key: str) -> None:
    code, answer, _ = livemerge(*command, key)
    assert code == Exit.UNUSABLE
    assert "key" in answer["error"]["what"]


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["profile", "c-1001", "--fields", "zzz"], "first_name"),
        (["send", "nope.toml"], "campaigns/welcome.toml"),
        (["send", "campaigns/welcom.toml"], "campaigns/welcome.toml"),
        (["campaigns", "show", "nope"], "livemerge campaigns ls"),
        (["explain", "nope", "c-1001"], "livemerge campaigns ls"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_name_that_is_not_there_is_answered_with_what_is(livemerge: Command, words: list[str], advice: str) -> None:
    code, answer, _ = livemerge(*words)
    assert code == Exit.UNUSABLE
    assert advice in answer["error"]["advice"]


def test_what_is_changed_is_answered_in_json(livemerge: Command) -> None:
    _, key, _ = livemerge("keys", "create", "esp")
    assert livemerge("keys", "revoke", key["prefix"])[:2] == (0, {"revoked": key["prefix"]})
    pinned = {"customer": "c-1001", "field": "points", "value": 5}
    code, answer, _ = livemerge("override", "set", "points", "5", "--reason", "a test", "--customer", "c-1001")
    assert (code, answer) == (0, pinned)
    assert livemerge("override", "clear", "points", "--customer", "c-1001")[1] == {"cleared": True}
    assert livemerge("override", "clear", "points", "--customer", "c-1001")[1] == {"cleared": False}


def test_each_mistake_of_a_file_is_in_the_json(livemerge: Command) -> None:
    with Path("livemerge.toml").open("a") as file:
        file.write(
            '\n[field.x]\nsource = "people"\ntype = "txt"\n\n[field.y]\nsource = "peple"\ntype = "text"\nkind = 1\n'
        )
    code, answer, shown = livemerge("check")
    assert code == Exit.UNUSABLE
    assert len([answer["error"], *answer["error"]["others"]]) == shown.count("livemerge.toml:")


def test_a_template_that_does_not_parse_is_placed_by_line_and_column(livemerge: Command) -> None:
    Path("templates/t.liquid.html").write_text('+++\nsubject = "x"\n+++\n<p>{% if first_name %}\n')
    code, answer, _ = livemerge("render", "t.liquid.html", "--customer", "c-1001")
    assert code == Exit.UNUSABLE
    assert answer["error"]["where"] == "templates/t.liquid.html:4:4"


def test_an_error_before_anything_was_sent_shows_no_progress(livemerge: Command) -> None:
    Path("people.csv").write_text("")
    assert "sending" not in livemerge("send", "campaigns/welcome.toml")[2]


def test_a_relays_address_that_leads_nowhere_is_found_by_check_and_told_with_its_line(livemerge: Command) -> None:
    settings, campaign = Path("livemerge.toml"), Path("campaigns/welcome.toml")
    settings.write_text(settings.read_text() + '\n[transport.relay]\nkind = "smtp"\nurl = "smpt://127.0.0.1"\n')
    campaign.write_text(campaign.read_text().replace('transport = "outbox"', 'transport = "relay"'))
    place = f"livemerge.toml:{len(settings.read_text().splitlines())} transport.relay.url"
    code, answer, _ = livemerge("check")
    assert code == Exit.FINDINGS
    assert place in answer["files"][-1]["error"]
    assert livemerge("send", "campaigns/welcome.toml")[1]["error"]["where"] == place


def test_an_empty_audience_is_told_in_one_sentence(livemerge: Command) -> None:
    people = Path("people.csv")
    people.write_text(people.read_text().splitlines()[0] + "\n")
    _, answer, _ = livemerge("send", "campaigns/welcome.toml")
    assert (answer["error"]["where"], answer["error"]["what"]) == ("people.csv", "nobody is in it")
    assert livemerge("campaigns", "ls")[1] == {"runs": []}


def test_a_port_that_is_taken_is_told_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError) as raised:
        bind("127.0.0.1", taken.getsockname()[1])
    assert raised.value.what.endswith("Address already in use")
    assert "--port" in raised.value.advice
