"""Dates by strftime and by PHP's letters."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from livemerge.template.dates import as_datetime, php_date, strftime

AT = datetime(2024, 3, 5, 9, 7, 3, 42_000, UTC)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%Y-%m-%d %H:%M:%S", "2024-03-05 09:07:03"),
        ("%-d.%-m.%y", "5.3.24"),
        ("%e|%k|%l", " 5| 9| 9"),
        ("%B %b %A %a %p %P", "March Mar Tuesday Tue AM am"),
        ("%^b %#p %010Y %3d %_m", "MAR am 0000002024 005  3"),
        ("%j %U %W %V %u %w", "065 09 10 10 2 2"),
        ("%s %L %N %3N %z %:z %Z", "1709629623 042 042000000 042 +0000 +00:00 UTC"),
        ("%D %F %T %R %r %x %X", "03/05/24 2024-03-05 09:07:03 09:07 09:07:03 AM 03/05/24 09:07:03"),
        ("%% %Q %", "% %Q %"),
    ],
)
def test_strftime_is_rubys(form: str, text: str) -> None:
    assert strftime(AT, form) == text


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("d/m/Y", "05/03/2024"),
        ("l jS F Y", "Tuesday 5th March 2024"),
        ("D, d M y G:i:s A", "Tue, 05 Mar 24 9:07:03 AM"),
        ("N w z t L W o", "2 2 64 31 1 10 2024"),
        ("c", "2024-03-05T09:07:03+00:00"),
        (r"\Y\e\a\r Y", "Year 2024"),
    ],
)
def test_php_letters_are_phps(form: str, text: str) -> None:
    assert php_date(AT, form) == text


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-05",
        "2024/03/05",
        "2024-3-5",
        "March 5, 2024",
        "5 Mar 2024",
        "Mar 5th 2024",
        "3/5/2024",
        "Tue, 05 Mar 2024 00:00:00 +0000",
        "2024-03-05T00:00:00Z",
        "2024-03-05 00:00:00 UTC",
        date(2024, 3, 5),
        datetime(2024, 3, 5),
        1709596800,
        "1709596800",
    ],
)
def test_dates_are_read_in_the_ways_data_writes_them(value: object) -> None:
    assert as_datetime(value, lambda: AT) == datetime(2024, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "value", ["", "soon", "2024-13-45", "99:99", None, True, [], "1" * 50, 1e300, "May the 4th be with you"]
)
def test_what_is_no_date_is_none(value: object) -> None:
    assert as_datetime(value, lambda: AT) is None


def test_zones_are_kept() -> None:
    found = as_datetime("2024-03-05 10:00:00 +0200", lambda: AT)

    assert found == datetime(2024, 3, 5, 10, tzinfo=timezone(timedelta(hours=2)))
    assert as_datetime("now", lambda: AT) == AT
