"""What a language does otherwise than people expect, and who would notice."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("language", "body", "code"),
    [
        ("liquid", "{% if nickname %}x{% endif %}", "empty-fallback"),
        ("liquid", "{% if recommended %}x{% endif %}", "empty-list-is-true"),
        ("liquid", "{% if first_name == '' %}x{% endif %}", "missing-is-not-empty"),
        ("liquid", "{% if tier == 'a' and city == 'b' or orders > 3 %}x{% endif %}", "mixed-logic"),
        ("handlebars", "{{#if points}}x{{/if}}", "zero-is-false"),
        ("handlebars", "{{#unless points}}x{{/unless}}", "zero-is-false"),
        ("ampscript", "%%[ IF first_name == '' THEN ]%%x%%[ ENDIF ]%%", "missing-is-not-empty"),
        ("ampscript", "%%[ IF points > 3 THEN ]%%x%%[ ENDIF ]%%", "missing-passes"),
        ("ampscript", "%%[ IF points < 3 THEN ]%%x%%[ ENDIF ]%%", "missing-passes"),
        ("ampscript", "%%[ IF first_name THEN ]%%x%%[ ENDIF ]%%", "text-is-false"),
        ("ampscript", "%%[ IF IsNull(first_name) THEN ]%%x%%[ ENDIF ]%%", "never-null"),
        ("ampscript", "%%[ IF tier == 'a' AND city == 'b' OR orders > 3 THEN ]%%x%%[ ENDIF ]%%", "mixed-logic"),
    ],
)
def test_a_habit_is_a_warning_that_says_who_notices(check, language, body, code):
    found = {each.code: each for each in check(body, language)}
    assert set(found) == {code}
    assert found[code].severity == "warning"
    assert found[code].advice


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("liquid", "{% if recommended.size > 0 %}x{% endif %}"),
        ("liquid", "{% if first_name == blank %}x{% endif %}"),
        ("liquid", "{% if points %}{{ points }}{% endif %}"),
        ("liquid", "{% if tier == 'a' and city == 'b' and orders > 3 %}x{% endif %}"),
        ("liquid", "{% if tier == 'a' or city == 'b' and orders > 3 %}x{% endif %}"),
        ("handlebars", "{{#if orders}}x{{/if}}{{#if recommended}}y{{/if}}{{#if is_member}}z{{/if}}"),
        ("jinja", "{% if recommended|length > 2 %}x{% endif %}"),
        ("handlebars", "{{#if points includeZero=true}}{{points}}{{/if}}"),
        ("ampscript", "%%[ IF orders > 3 THEN ]%%x%%[ ENDIF ]%%"),
        ("ampscript", "%%[ IF NOT Empty(points) THEN IF points > 3 THEN ]%%x%%[ ENDIF ENDIF ]%%"),
        ("ampscript", "%%[ IF is_member THEN ]%%x%%[ ENDIF ]%%"),
    ],
)
def test_what_does_what_it_says_is_in_order(codes, language, body):
    assert codes(body, language) == []
