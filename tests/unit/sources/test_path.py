from __future__ import annotations

import jmespath
import pytest

from livemerge.sources.path import make_reader


@pytest.mark.parametrize(
    "path", ["name", "name.first", '"name".first', "a.b.c", '"0"', "name[0]", "name || a", "@", "a_1"]
)
@pytest.mark.parametrize(
    "row",
    [
        {},
        {"name": "x"},
        {"name": {"first": "y"}},
        {"name": ["z"]},
        {"a": {"b": {"c": 0}}},
        {"a": {"b": 5}},
        {"0": 1, "a_1": 2},
    ],
)
def test_plain_paths_are_read_as_jmespath_reads_them(path, row):
    assert make_reader(path)(row) == jmespath.search(path, row)
