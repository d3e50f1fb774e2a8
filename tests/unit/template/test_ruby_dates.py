"""Texts as dates the way Ruby's Time.parse reads them; each row was checked against Ruby 3.1 with Liquid 5.4."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from livemerge.template import compile as compile_template

NOW = datetime(2024, 1, 1, 0, 1, 58, tzinfo=UTC)


def shown(text: str, form: str = "%Y-%m-%d %H:%M:%S.%L %z") -> str:
    return compile_template("{{ v | date: form }}", escape=None).render({"v": text, "form": form}, now=NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("03/05/2024", "2024-05-03 00:00:00.000 +0000"),  # the day comes first
        ("1/2/03", "2001-02-03 00:00:00.000 +0000"),
        ("5.3.2024", "2024-03-05 00:00:00.000 +0000"),
        ("20240305T101112", "2024-03-05 10:11:12.000 +0000"),
        ("2024-065", "2024-03-05 00:00:00.000 +0000"),
        ("2024-03-05 10:11:12.5 EST", "2024-03-05 10:11:12.500 -0500"),
        ("2024-03-05 10:11:12 CET", "2024-03-05 10:11:12.000 +0000"),  # a name Time does not know
        ("March 5th, 2024 at 10:11 pm", "2024-03-05 22:11:00.000 +0000"),
        ("Tue Mar  5 10:11:12 UTC 2024", "2024-03-05 10:11:12.000 +0000"),
        ("Dec 31 '99", "1999-12-31 00:00:00.000 +0000"),
        ("5-MAR-24", "2024-03-05 00:00:00.000 +0000"),
        ("H31.04.30", "2019-04-30 00:00:00.000 +0000"),
        ("2024-02-30", "2024-03-01 00:00:00.000 +0000"),
        ("2024-03-05T24:00:00", "2024-03-06 00:00:00.000 +0000"),
        ("22nd", "2024-01-22 00:00:00.000 +0000"),
        ("12.5", "2024-01-01 00:01:12.500 +0000"),
        ("10pm", "2024-01-01 22:00:00.000 +0000"),
        ("1709633472", "2024-03-05 10:11:12.000 +0000"),
    ],
)
def test_a_text_means_the_moment_it_means_to_ruby(text: str, moment: str) -> None:
    assert shown(text) == moment


@pytest.mark.parametrize("text", ["12/31/1999", "2024-13-01", "25:00", "Sunday", "tomorrow", "hello", "", "1" * 200])
def test_what_is_no_date_to_ruby_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%-5a|%0_4p|%#p|%#Z", "Tue|  AM|am|utc"),
        ("%:z|%::z|%10z|%_6z", "+00:00|+00:00:00|+000000000|  +000"),
        ("%EY %Od %:d %Q %+", "2024 05 %:d %Q %+"),
        ("%010D|%^c|%#c", "0003/05/24|TUE MAR  5 10:11:12 2024|Tue Mar  5 10:11:12 2024"),
    ],
)
def test_flags_and_widths_work_as_in_ruby(form: str, text: str) -> None:
    assert shown("2024-03-05 10:11:12", form) == text


def test_a_year_has_four_digits() -> None:
    assert shown("0005-06-07", "%Y") == "0005"
