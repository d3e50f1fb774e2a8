import csv

import pytest

from livemerge.catalog import load_catalog
from livemerge.config import load_campaign, load_settings
from livemerge.errors import ConfigError
from livemerge.starter import write_project


def test_the_files_are_a_project_that_livemerge_accepts(tmp_path):
    written = write_project(tmp_path / "shop")
    assert all(path.is_file() for path in written)
    root = tmp_path / "shop"
    catalog = load_catalog(load_settings(root))
    campaign = load_campaign(root / "campaigns" / "welcome.toml", root)
    assert catalog.by["products"].field == "favourite"
    assert (root / "templates" / campaign.template).is_file()
    assert (root / campaign.audience.csv).is_file()


def test_the_people_lead_nowhere_and_hold_what_templates_meet_late(tmp_path):
    write_project(tmp_path)
    with (tmp_path / "people.csv").open(encoding="utf-8") as file:
        people = list(csv.DictReader(file))
    with (tmp_path / "products.csv").open(encoding="utf-8") as file:
        products = {row["product_id"] for row in csv.DictReader(file)}
    assert len({row["customer_id"] for row in people}) == len(people) == 20
    assert people[0]["customer_id"] == "c-1001"
    assert all(row["email"].endswith(".example") for row in people)
    assert any(not row["first_name"] for row in people)
    assert any(row["favourite"] and row["favourite"] not in products for row in people)


def test_what_it_makes_while_running_is_ignored_by_git(tmp_path):
    write_project(tmp_path)
    ignored = (tmp_path / ".gitignore").read_text()
    assert "/outbox/" in ignored
    assert "/livemerge.db*" in ignored
    assert "secret" in ignored


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "people.csv").write_text("mine")
    with pytest.raises(ConfigError, match=r"people\.csv") as refused:
        write_project(tmp_path)
    assert refused.value.advice
    assert (tmp_path / "people.csv").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "shop").write_text("")
    with pytest.raises(ConfigError, match="is a file"):
        write_project(tmp_path / "shop")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "campaigns").write_text("a file where a folder must be")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_project(tmp_path)


def test_a_project_that_cannot_be_written_whole_is_not_written(tmp_path):
    (tmp_path / "campaigns").write_text("a file where a folder should be\n")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_project(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["campaigns"]
