"""`livemerge check` for people, for programs, for GitHub and for code scanning."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from livemerge.cli import app
from livemerge.starter import write_project

BROKEN = '+++\nsubject = "Hi"\n+++\n<p>100% {{ nobody }}, yes:\n{{ unsubscribe_url }}</p>\n'
WARNED = '+++\nsubject = "Hi"\n+++\n<p>{{ customer_id }}</p>\n'


@pytest.fixture
def shop(tmp_path, monkeypatch):
    write_project(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shop"


def run(*words):
    return CliRunner().invoke(app, ["check", *words])


def test_a_clean_project_ends_with_0(shop, monkeypatch):
    monkeypatch.chdir(shop)
    assert run().exit_code == 0


def test_an_error_ends_with_1_and_a_warning_does_only_when_strict(shop, monkeypatch):
    (shop / "templates" / "warned.liquid.html").write_text(WARNED)
    monkeypatch.chdir(shop)
    assert run().exit_code == 0
    assert run("--strict").exit_code == 1
    (shop / "templates" / "broken.liquid.html").write_text(BROKEN)
    assert run().exit_code == 1


def test_people_see_place_line_caret_effect_and_mend(shop, monkeypatch):
    (shop / "templates" / "broken.liquid.html").write_text(BROKEN)
    monkeypatch.chdir(shop)
    lines = run("broken.liquid.html").stdout.splitlines()
    at = lines.index("templates/broken.liquid.html:4:12: error: no field is called `nobody`")
    line, caret = lines[at + 2 : at + 4]
    assert line[caret.index("^") :].startswith("nobody")
    assert "missing for everybody" in lines[at + 4]
    assert lines[-1] == "1 error, 0 warnings"


def test_json_is_the_last_line_and_holds_every_finding(shop, monkeypatch):
    (shop / "templates" / "broken.liquid.html").write_text(BROKEN)
    monkeypatch.chdir(shop)
    document = json.loads(run("broken.liquid.html", "--json").stdout.splitlines()[-1])
    (file,) = document["files"]
    assert (document["ok"], file["ok"], file["file"]) == (False, False, "templates/broken.liquid.html")
    (finding,) = file["findings"]
    assert (finding["code"], finding["line"], finding["column"]) == ("unknown-field", 4, 12)
    assert all(finding[key] for key in ("what", "effect", "advice"))


def test_github_reads_one_command_a_finding_whatever_is_in_it(shop):
    name = "100%, a:b.liquid.html"
    (shop / "templates" / name).write_text(BROKEN)
    (line,) = run(f"shop/templates/{name}", "--format", "github").stdout.splitlines()
    head, _, told = line.removeprefix("::").partition("::")
    kind, _, properties = head.partition(" ")
    found = dict(each.split("=", 1) for each in properties.split(","))
    assert kind == "error"
    assert found == {
        "file": "shop/templates/100%25%2C a%3Ab.liquid.html",
        "line": "4",
        "col": "12",
        "title": "unknown-field",
    }
    assert "%0A" in told


def test_a_template_that_cannot_be_read_is_a_finding_at_its_place(shop):
    (shop / "templates" / "cut.liquid.html").write_text("<p>\n{% if x %}")
    result = run("shop/templates/cut.liquid.html", "--format", "github")
    assert result.exit_code == 1
    assert result.stdout.startswith("::error file=shop/templates/cut.liquid.html,line=2,col=1,title=not-readable::")


def test_sarif_holds_what_the_standard_demands(shop):
    (shop / "templates" / "b roken.liquid.html").write_text(BROKEN)
    log = json.loads(run("shop/templates/b roken.liquid.html", "--format", "sarif").stdout)
    assert log["version"] == "2.1.0"
    assert log["$schema"].endswith("sarif-2.1.0.json")
    (the_run,) = log["runs"]
    driver = the_run["tool"]["driver"]
    assert driver["name"] == "livemerge"
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    assert all(rule["shortDescription"]["text"].endswith(".") for rule in driver["rules"])
    assert the_run["columnKind"] == "unicodeCodePoints"
    (result,) = the_run["results"]
    assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "unknown-field"
    assert result["level"] in ("none", "note", "warning", "error")
    assert result["message"]["text"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "shop/templates/b%20roken.liquid.html"
    assert place["region"] == {"startLine": 4, "startColumn": 12}


def test_a_file_outside_of_a_project_is_checked_by_its_language(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail.html").write_text('<a href="?q={{city}}">{{#equals city "x"}}y{{/equals}}</a>')
    result = run("mail.html", "--language", "handlebars", "--dialect", "sendgrid")
    assert result.exit_code == 0
    assert "reads city" in result.stdout
    assert "[unencoded-url]" in result.stdout
    unspoken = run("mail.html")
    assert unspoken.exit_code == 1
    assert "which template language" in unspoken.stdout


def test_each_file_is_checked_against_the_project_it_is_in(shop):
    result = run("shop/templates/welcome.liquid.html", "--json")
    (file,) = json.loads(result.stdout.splitlines()[-1])["files"]
    assert (file["file"], file["ok"]) == ("templates/welcome.liquid.html", True)


def test_a_file_that_is_not_there_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("nothing.liquid.html")
    assert re.search("cannot be read", str(result.exception))
