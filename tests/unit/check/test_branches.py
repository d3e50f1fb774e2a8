"""Branches that nobody can get, and tests that everybody passes."""

from __future__ import annotations

import pytest

NEVER = [
    ("liquid", "{% if false %}x{% endif %}"),
    ("liquid", "{% if 1 > 2 %}x{% endif %}"),
    ("liquid", "{% if tier == 'a' %}1{% elsif tier == 'b' %}2{% elsif tier == 'a' %}3{% endif %}"),
    ("liquid", "{% if points > 5 %}{% if points < 3 %}x{% endif %}{% endif %}"),
    ("liquid", "{% if first_name %}{% unless first_name %}x{% endunless %}{% endif %}"),
    ("liquid", "{% if FNAME %}{% unless user.first_name %}x{% endunless %}{% endif %}"),
    ("liquid", "{% if tier == 'a' %}{% if tier == 'b' %}x{% endif %}{% endif %}"),
    ("liquid", "{% if is_member == 'yes' %}x{% endif %}"),
    ("liquid", "{% if orders == 1.5 %}x{% endif %}"),
    ("liquid", "{% if tier == blank %}x{% endif %}"),
    ("liquid", "{% unless city %}x{% endunless %}"),
    ("liquid", "{% case is_member %}{% when 'yes' %}x{% endcase %}"),
    (
        "liquid",
        "{% for i in recommended %}{% if i.title == 'a' %}{% if i.title == 'b' %}x{% endif %}{% endif %}{% endfor %}",
    ),
    ("mailchimp", "*|IF:TIER=a|*x*|ELSEIF:TIER=a|*y*|END:IF|*"),
    ("handlebars", "{{#if first_name}}{{#unless first_name}}x{{/unless}}{{/if}}"),
    ("ampscript", "%%[ IF tier == 'a' THEN ]%%x%%[ ELSEIF Lowercase(tier) == 'A' THEN ]%%y%%[ ENDIF ]%%"),
]
ALWAYS = [
    ("liquid", "{% if true %}x{% endif %}"),
    ("liquid", "{% if tier %}x{% endif %}"),
    ("liquid", "{% if city %}x{% else %}y{% endif %}"),
    ("liquid", "{% if orders %}x{% endif %}"),
    ("liquid", "{% if tier != nil %}x{% endif %}"),
    ("handlebars", "{{#if city}}x{{/if}}"),
    ("mailchimp", "*|IF:CITY|*x*|END:IF|*"),
    ("ampscript", "%%[ IF NOT Empty(tier) THEN ]%%x%%[ ENDIF ]%%"),
]
OPEN = [
    ("mailchimp", "*|IFNOT:ARCHIVE_PAGE|*x*|END:IF|**|IF:ARCHIVE_PAGE|*y*|END:IF|*"),
    ("liquid", "{% if first_name %}x{% else %}y{% endif %}"),
    ("liquid", "{% if points > 5 %}{% if points < 7 %}x{% endif %}{% endif %}"),
    ("liquid", "{% if orders >= 10 %}1{% elsif orders >= 5 %}2{% elsif orders > 0 %}3{% else %}4{% endif %}"),
    ("liquid", "{% if spent > 10 %}{% if spent < 10.01 %}x{% endif %}{% endif %}{% if spent == 9.5 %}y{% endif %}"),
    ("liquid", "{% if city contains 'a' and city contains 'b' %}x{% endif %}"),
    ("liquid", "{% if since > '2026-01-01' %}x{% elsif since == '2026-01-01' %}y{% endif %}"),
    ("liquid", "{% if first_name == 'a' %}1{% elsif first_name == 'A' %}2{% endif %}"),
    ("liquid", "{% if is_member %}x{% else %}y{% endif %}{% if is_member == true %}z{% endif %}"),
    ("liquid", "{% if tier == city %}x{% endif %}{% if tier == 'a' or city == 'b' %}y{% endif %}"),
    ("liquid", "{% for i in recommended %}{% if forloop.first %}a{% elsif forloop.last %}b{% endif %}{% endfor %}"),
    (
        "liquid",
        "{% for i in recommended %}{% if i.title == 'a' %}{% for j in recommended %}{% if j.title == 'b' %}x"
        "{% endif %}{% endfor %}{% endif %}{% endfor %}",
    ),
    ("liquid", "{% assign a = tier %}{% if a == 'x' %}{% assign a = city %}{% if a == 'y' %}z{% endif %}{% endif %}"),
    ("liquid", "{% if recommended[0].title == 'a' %}{% if recommended[1].title == 'b' %}x{% endif %}{% endif %}"),
    ("liquid", "{% if recommended.size > 2 %}x{% elsif recommended.size > 0 %}y{% endif %}"),
    ("liquid", "{% if email == 'a@b.example' %}x{% endif %}"),
    ("jinja", "{% set n = points if tier == 'a' else 'none' %}{% if n == 'none' %}x{% endif %}"),
    ("jinja", "{% set n = points or 'none' %}{% if n == 'none' %}x{% endif %}"),
    ("liquid", "{% for i in recommended %}{% if i.title != last %}x{% assign last = i.title %}{% endif %}{% endfor %}"),
    ("handlebars", "{{#if orders}}x{{else}}y{{/if}}{{#if recommended}}x{{else}}y{{/if}}"),
    ("handlebars", "{{#each recommended}}{{#if @first}}a{{else if @last}}b{{/if}}{{/each}}"),
    ("ampscript", "%%[ SET @i = 1 IF @i == 1 THEN SET @i = 2 ENDIF IF @i == 2 THEN ]%%x%%[ ENDIF ]%%"),
    ("ampscript", "%%[ IF Random(1, 9) > 5 THEN ]%%x%%[ ELSEIF Random(1, 9) > 5 THEN ]%%y%%[ ENDIF ]%%"),
]


@pytest.mark.parametrize(("language", "body"), NEVER)
def test_a_branch_that_nobody_can_get_is_found(codes, language, body):
    assert "branch-never-taken" in codes(body, language)


@pytest.mark.parametrize(("language", "body"), ALWAYS)
def test_a_test_that_everybody_passes_is_found(codes, language, body):
    assert codes(body, language) == ["always-true"]


@pytest.mark.parametrize(("language", "body"), OPEN)
def test_what_some_customers_get_and_others_not_is_in_order(codes, language, body):
    assert not {"branch-never-taken", "always-true"} & set(codes(body, language))


def test_the_finding_says_why(check):
    (found,) = check("{% if tier %}x{% else %}y{% endif %}")
    assert "`tier` is required" in found.what
    assert "nobody what stands in the others" in found.effect


def test_a_wrong_type_is_told_once_and_not_as_a_branch_too(codes):
    assert codes("{% if orders == '3' %}x{% endif %}") == ["wrong-type"]


def test_many_branches_are_looked_at_in_bounded_time(check, monkeypatch):
    """Each condition costs steps; when they are used up, the rest is not tried."""
    monkeypatch.setattr("livemerge.check.trial.MAX_STEPS", 500)
    body = "".join(f"{{% if points == {number} %}}x{{% endif %}}" for number in range(200))
    assert check(body + "{% if tier %}x{% endif %}") == []


def test_a_condition_of_many_terms_is_not_tried_and_those_behind_it_are(codes):
    many = " and ".join(f"{name} == '{at}'" for at in range(15) for name in ("city", "tier", "first_name"))
    assert codes(f"{{% if {many} %}}x{{% endif %}}{{% if tier %}}x{{% endif %}}") == ["always-true"]
    assert "branch-never-taken" in codes("{% if tier == 'a' and tier == 'b' %}x{% endif %}")


def test_more_conditions_than_are_understood_only_mean_more_questions(codes, monkeypatch):
    body = "{% if first_name %}{{ first_name }}{% endif %}"
    assert codes(body) == []
    monkeypatch.setattr("livemerge.template.analysis.walk.MAX_LEARNED", 0)
    assert codes(body) == ["no-fallback"]


@pytest.mark.parametrize(
    ("language", "body", "advice"),
    [
        ("ampscript", "%%[ IF Empty(city) THEN ]%%x%%[ ENDIF ]%%", "drop the fallback of [field.city], or the branch"),
        ("liquid", "{% if city == blank %}x{% endif %}", "drop the fallback of [field.city], or the branch"),
        ("liquid", "{% if city != blank %}x{% endif %}", "drop the fallback of [field.city], or the test"),
        ("liquid", "{% if tier %}x{% endif %}", "remove the test, or `required` of [field.tier]"),
        ("liquid", "{% if is_member == 'yes' %}x{% endif %}", "Compare `is_member` with a value of type boolean"),
    ],
)
def test_a_test_of_presence_that_never_decides_is_told_why(check, language, body, advice):
    (found,) = check(body, language)
    assert advice in found.advice
