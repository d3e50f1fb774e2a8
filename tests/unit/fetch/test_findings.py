"""What `check` says of templates that fetch."""

from __future__ import annotations

import pytest

from livemerge import config
from livemerge.fetch.findings import fetch_findings
from livemerge.template import Finding, compile_message
from livemerge.template.findings import Source

ALLOWED = config.Fetch(hosts=["api.example", "http://crm.internal:8080"])


def found(html: str, *private: str, section: config.Fetch = ALLOWED) -> list[Finding]:
    text = f"+++\nsubject = 'x'\nlanguage = 'ampscript'\n+++\n{html}\n"
    return list(fetch_findings(compile_message(text, name="m.html"), Source(text, "m.html", 1), section, set(private)))


def codes(html: str, *private: str) -> list[tuple[str, str]]:
    return [(each.code, each.severity) for each in found(html, *private)]


def test_a_declared_host_is_named() -> None:
    (finding,) = found('a\n%%=HTTPGet("https://api.example/x")=%%')
    assert (finding.code, finding.severity, finding.line, finding.part) == ("fetches", "warning", 6, "html")
    assert "asks api.example while" in finding.what
    assert "HTTPGet" in finding.caret


@pytest.mark.parametrize("url", ["https://api.example", "https://api.example?id=", "http://crm.internal:8080/x"])
def test_a_host_may_be_all_there_is_of_an_address(url: str) -> None:
    assert codes(f'%%=HTTPGet("{url}")=%%') == [("fetches", "warning")]


@pytest.mark.parametrize(
    "url",
    ["https://other.example/", "http://api.example/", "https://api.example:8443/", "https://api.example.evil.example/"],
)
def test_a_host_that_is_not_declared_is_an_error_that_says_how_to_allow_it(url: str) -> None:
    (finding,) = found(f'%%=HTTPGet("{url}")=%%')
    assert (finding.code, finding.severity) == ("fetch-host", "error")
    assert "[fetch] hosts" in finding.advice


@pytest.mark.parametrize(
    "given", ["url", 'Concat("https://", host, "/x")', 'Concat("https://api.example", path)', '"//api.example/"']
)
def test_a_host_known_only_while_rendering_is_an_error(given: str) -> None:
    assert ("fetch-host", "error") in codes(f"%%=HTTPGet({given})=%%")


def test_too_many_calls_are_an_error_at_the_loop_that_makes_them() -> None:
    loop = '%%[ FOR @i = 1 TO n DO ]%%%%=HTTPGet(Concat("https://api.example/", @i))=%%%%[ NEXT @i ]%%'
    (finding,) = [each for each in found(loop) if each.code == "fetch-too-often"]
    assert finding.severity == "error" and "loop" in finding.what


def test_three_calls_are_fine_and_four_are_not() -> None:
    calls = [f'%%=HTTPGet("https://api.example/{name}")=%%' for name in "abcd"]
    assert ("fetch-too-often", "error") not in codes("".join(calls[:3]))
    assert ("fetch-too-often", "error") in codes("".join(calls))


def test_data_in_the_address_of_a_get_is_told() -> None:
    (finding,) = [
        each for each in found('%%=HTTPGet(Concat("https://api.example/?m=", email))=%%') if each.code == "fetch-data"
    ]
    assert finding.severity == "warning" and "`email`" in finding.what


def test_a_key_in_the_address_is_what_keys_are_for_unless_it_is_private() -> None:
    html = '%%=HTTPGet(Concat("https://api.example/?id=", customer_id))=%%'
    assert codes(html) == [("fetches", "warning")]
    assert ("fetch-data", "warning") in codes(html, "customer_id")


def test_data_in_a_body_stays_out_of_logs() -> None:
    html = '%%=v(HTTPPost2("https://api.example/", "text/plain", email, false))=%%'
    assert codes(html) == [("fetches", "warning")]


def test_without_any_host_nothing_is_allowed() -> None:
    (finding,) = found('%%=HTTPGet("https://api.example/")=%%', section=config.Fetch())
    assert finding.code == "fetch-host"
