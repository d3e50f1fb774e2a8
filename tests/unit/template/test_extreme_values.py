"""Every function of every language over values at the edge of what values can be, in each of its places, one by one.

The property tests draw some thousand calls; here no function and no place is left to luck.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import LANGUAGES
from livemerge.template import compile as compile_template
from livemerge.template.ampscript.functions import FUNCTIONS
from livemerge.template.handlebars import DIALECTS as HANDLEBARS
from livemerge.template.jinja.table import JINJA_FILTERS
from livemerge.template.languages import language_of

NOW = datetime(2026, 3, 4, 19, 5, 7, tzinfo=UTC)
EXTREMES: list[Any] = [
    *(10**30, -(10**400), 1e308, float("-inf"), float("nan")),
    *(Decimal("1e999999"), Decimal("-1e-999999"), Decimal("NaN"), Decimal("Infinity")),
    *("9" * 500, "1e999", "", "\ud800", datetime.min, datetime.max, None, [10**30, "a", None], {"a": 10**30}),
]
ORDINARY = ["abc def 12", 3, [3, 1, 2]]
VARIANTS = [(name, dialect) for name, each in LANGUAGES.items() for dialect in (None, *each.dialects)]


def calls(language: str, dialect: str | None) -> Iterator[str]:
    """A template for each function and each number of arguments; `v` is what it is called on, `x` what it is given."""
    if language == "mailchimp":
        yield from ("*|UPPER:V|**|TITLE:V|**|HTML:V|**|URL:V|*", "*|IF:V > 3|*a*|END:IF|*", "*|IF:V = x|*a*|END:IF|*")
    elif language == "ampscript":
        for name, function in FUNCTIONS.items():
            for count in range(function.least, min(function.most, function.least + 3) + 1):
                yield f"%%={name}({', '.join(['v', *'xxxxxx'][:count])})=%%"
    elif language == "handlebars":
        known = HANDLEBARS.get(dialect or "")
        for name, count in product((*(known.helpers if known else ()), "lookup"), range(4)):
            yield f"{{{{{' '.join([name, 'v', *'xxx'[:count]])}}}}}"
        for name, count in product((*(known.tests if known else ()), "if", "each"), range(3)):
            yield f"{{{{#{' '.join([name, 'v', *'xx'[:count]])}}}}}a{{{{/{name}}}}}"
    else:
        known_filters = JINJA_FILTERS if language == "jinja" else language_of(language, dialect).filters
        for name, each in known_filters.items():
            for count in range(each.least, min(each.most, each.least + 3) + 1):
                given = ", ".join("x" * count)
                yield f"{{{{ v|{name}({given}) }}}}" if language == "jinja" else f"{{{{ v | {name}: {given} }}}}"


@pytest.mark.parametrize(("language", "dialect"), VARIANTS)
def test_every_function_takes_every_value_or_says_what_is_wrong(language: str, dialect: str | None) -> None:
    pairs = [*((value, 3) for value in EXTREMES), *product(ORDINARY, EXTREMES)]
    known = (
        set() if dialect is None else set(calls(language, None))
    )  # what a dialect has from its language is tried there
    for source in calls(language, dialect):
        if source in known:
            continue
        try:
            template = compile_template(source, language, dialect=dialect)
        except TemplateError:
            continue  # so many arguments it does not take
        for value, given in pairs:
            try:
                template.render({"v": value, "V": value, "x": given}, now=NOW)
            except TemplateError as error:
                assert "cannot be rendered (" not in error.what, (source, value, given)
