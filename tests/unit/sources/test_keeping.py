"""What an answer's Cache-Control allows."""

from __future__ import annotations

from math import inf

import pytest

from livemerge.sources.exchange import Reply
from livemerge.sources.keeping import Keeping, keeping


@pytest.mark.parametrize(
    ("header", "allowed"),
    [
        ("", Keeping()),
        ("no-store", Keeping(0.0, may_be_kept=False)),
        ("private, No-Store, max-age=60", Keeping(0.0, may_be_kept=False)),
        ("no-cache", Keeping(0.0)),
        ("private, max-age=60", Keeping(60.0)),
        ('max-age="60"', Keeping(60.0)),
        ("max-age=60, max-age=5", Keeping(5.0)),
        ("max-age=0, must-revalidate", Keeping(0.0)),
        ("s-maxage=5, public", Keeping(inf)),
        ("max-age=-1", Keeping(inf)),
        ("max-age=１０", Keeping(inf)),
        ("x" * 10_000, Keeping(inf)),
    ],
)
def test_cache_control_is_read_as_a_cache_for_one_reader_reads_it(header, allowed):
    assert keeping(Reply(200, {"Cache-Control": header} if header else {}, b"{}")) == allowed
