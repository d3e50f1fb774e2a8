"""docs/reference.md says what the code does today."""

import difflib
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def writer():
    path = str(ROOT / "scripts" / "write-reference")
    spec = importlib.util.spec_from_loader("write_reference", SourceFileLoader("write_reference", path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def written(writer):
    return writer.reference()


def test_the_reference_is_what_the_script_writes_today(writer, written):
    kept = writer.REFERENCE.read_text(encoding="utf-8")
    changed = list(difflib.unified_diff(kept.splitlines(), written.splitlines(), "kept", "today", lineterm="", n=0))
    assert not changed, "run `make docs`:\n" + "\n".join(changed)


def test_a_key_without_words_stops_the_script(writer, monkeypatch):
    monkeypatch.delitem(writer.WORDS["Field"], "max_age")
    with pytest.raises(SystemExit, match=r"Field: \['max_age'\]"):
        writer.reference()


def test_words_for_a_key_that_is_gone_stop_the_script(writer, monkeypatch):
    monkeypatch.setitem(writer.WORDS["Campaign"], "subject", "gone")
    with pytest.raises(SystemExit, match=r"Campaign: \['subject'\]"):
        writer.reference()


def test_an_example_that_the_type_does_not_admit_stops_the_script(writer, monkeypatch):
    monkeypatch.setitem(writer.WORDS["types"]["integer"], "no", ["12"])
    with pytest.raises(SystemExit, match="'12' is admitted"):
        writer.reference()


def test_no_value_of_this_machine_stands_in_it(written):
    for piece in ("/tmp", "/home", "/root", "lm_abc"):
        assert piece not in written.replace("lm_.", "")
