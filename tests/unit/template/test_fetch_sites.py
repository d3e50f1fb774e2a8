"""What is known of fetches before rendering: addresses, how many calls, and what they are made of."""

from __future__ import annotations

import pytest

from livemerge.template import compile  # noqa: A004
from livemerge.template.fetch_sites import ANY_NUMBER, FetchSite

A, B = '"https://a.example/x"', '"https://b.example/x"'


def site(source: str) -> FetchSite:
    (found,) = compile(source, "ampscript").fetches
    return found


def count(source: str) -> int:
    return compile(source, "ampscript").most_calls.count


@pytest.mark.parametrize(
    ("code", "urls"),
    [
        (f"HTTPGet({A})", ["https://a.example/x"]),
        ('HTTPGet(Concat("https://a.example/", id))', ["https://a.example/"]),
        ('HTTPGet(Concat("https://a.example", "/y/", id, "z"))', ["https://a.example/y/"]),
        ("HTTPGet(url)", [""]),
        ('HTTPGet(Concat(host, "/x"))', [""]),
        (f"HTTPGet(IIf(vip == 1, {A}, {B}))", ["https://a.example/x", "https://b.example/x"]),
        ('HTTPPost2("https://a.example/p", "text/plain", id, false)', ["https://a.example/p"]),
    ],
)
def test_the_beginning_of_an_address_is_known(code: str, urls: list[str]) -> None:
    assert list(site(f"%%=v({code})=%%").urls) == urls


def test_an_address_is_followed_through_variables_and_branches() -> None:
    source = (
        f"%%[ IF vip == 1 THEN SET @u = {A} ELSE SET @u = {B} ENDIF"
        ' SET @v = Concat(@u, "?id=", URLEncode(id, 1, 1)) ]%%%%=HTTPGet(@v)=%%'
    )
    found = site(source)
    assert found.urls == ("https://a.example/x?id=", "https://b.example/x?id=")
    assert found.paths == ("id",)


def test_a_variable_made_of_itself_has_no_known_beginning() -> None:
    assert "" in site('%%[ SET @u = Concat(@u, "x") ]%%%%=HTTPGet(@u)=%%').urls


def test_variables_made_of_each_other_many_times_are_followed_quickly() -> None:
    doubled = " ".join(f"SET @v{at} = Concat(@v{at + 1}, @v{at + 1})" for at in range(60))
    assert site(f"%%[ {doubled} SET @v60 = id ]%%%%=HTTPGet(@v0)=%%").paths == ("id",)


def test_posts_are_told_from_gets() -> None:
    assert site(f'%%=v(HTTPPost2({A}, "text/plain", "x"))=%%').is_post
    assert not site(f"%%=HTTPGet({A})=%%").is_post


def test_calls_one_after_the_other_add_up_and_equal_ones_count_once() -> None:
    assert count(f"%%=HTTPGet({A})=%%%%=HTTPGet({B})=%%") == 2
    assert count(f"%%=HTTPGet({A})=%%%%=HTTPGet({A})=%%") == 1
    assert count(f"%%=HTTPGet(Concat({A}, id))=%%%%=HTTPGet(Concat({A}, id))=%%") == 2


def test_of_two_branches_only_the_dearer_counts() -> None:
    dear = f"%%=HTTPGet({A})=%%%%=HTTPGet({B})=%%"
    assert count(f"%%[ IF vip == 1 THEN ]%%{dear}%%[ ELSE ]%%%%=HTTPGet(url)=%%%%[ ENDIF ]%%") == 2


def test_a_loop_that_asks_the_same_each_round_asks_once() -> None:
    assert count(f"%%[ FOR @i = 1 TO 9 DO ]%%%%=HTTPGet({A})=%%%%[ NEXT @i ]%%") == 1


def test_a_loop_that_asks_for_another_address_may_ask_any_number_of_times() -> None:
    source = f"%%[ FOR @i = 1 TO 9 DO ]%%%%=HTTPGet(Concat({A}, @i))=%%%%[ NEXT @i ]%%"
    assert count(source) >= ANY_NUMBER
    assert site(source).is_repeated


def test_texts_that_are_run_may_fetch_too() -> None:
    assert compile("%%=ContentBlockByKey(key)=%%", "ampscript").may_fetch
    assert not compile("%%=v(key)=%%", "ampscript").may_fetch
    assert not compile("{% include 'a' %}", "liquid", templates={"a": "x"}).may_fetch


def test_included_templates_are_followed_and_told_by_their_names() -> None:
    inner = f"%%=HTTPGet({B})=%%%%=HTTPGet(Concat(@u, id))=%%"
    template = compile(
        f"%%[ SET @u = {A} ]%%%%=ContentBlockByName('inner')=%%", "ampscript", name="m", templates={"inner": inner}
    )
    assert [(each.file, each.urls) for each in template.fetches] == [
        ("inner", ("https://b.example/x",)),
        ("inner", ("https://a.example/x",)),
    ]
    assert template.most_calls.count == 2
