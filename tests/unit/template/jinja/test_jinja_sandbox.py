"""No way leads from a Jinja template to what Python keeps behind its values, and nothing in it is without a bound."""

from __future__ import annotations

from typing import Any

import pytest

from livemerge.errors import TemplateError
from livemerge.template import compile as compile_template
from livemerge.template.jinja.methods import DATE_METHODS, LIST_METHODS, MAPPING_METHODS, MOMENT_METHODS, TEXT_METHODS


class Guarded:
    """A value that gives itself away where anything looks an attribute up on it."""

    secret = "s3cret"

    def method(self) -> str:
        return self.secret


DATA: dict[str, Any] = {"name": "Ann", "xs": [1, 2], "d": {"k": "v"}, "thing": Guarded(), "call": Guarded().method}
ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ name['__class__'] }}",
    "{{ name|attr('__class__') }}",
    "{{ xs.__class__.__base__ }}",
    "{{ d.__init__.__globals__ }}",
    "{{ d.items.__self__ }}",
    "{{ thing.secret }}",
    "{{ thing['secret'] }}",
    "{{ thing.method() }}",
    "{{ call() }}",
    "{{ call.__globals__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ range.__class__ }}",
    "{{ lipsum.__globals__ }}",
    "{{ dict.__base__ }}",
    "{{ ''.format.__self__ }}",
    "{{ '{0.__class__}'.format(name) }}",
    "{{ '{0[__class__]}'.format(name) }}",
    "{{ '{a.secret}'.format(a=thing) }}",
    "{{ '{0!r}'.format(thing) }}",
    "{{ '%s'|format(thing) }}",
    "{{ '{0.secret}'.format_map({'0': thing}) }}",
    "{{ [thing]|map(attribute='secret')|join }}",
    "{{ [thing]|map('attr', 'secret')|join }}",
    "{{ [thing]|selectattr('secret')|list }}",
    "{{ [thing]|groupby('secret') }}",
    "{{ [thing]|sort(attribute='secret.x') }}",
    "{{ [thing]|join(', ', attribute='secret') }}",
    "{{ thing|tojson }}",
    "{{ thing|string }}",
    "{{ thing ~ '' }}",
    "{{ [thing] }}",
    "{% for x in thing %}{{ x }}{% endfor %}",
    "{% set thing.secret = 1 %}{{ thing.secret }}",
    "{% macro m() %}{% endmacro %}{{ m.__globals__ }}{{ m.written }}{{ m.call }}",
    "{% for x in xs %}{{ loop.__class__ }}{{ loop.items }}{{ loop.step }}{% endfor %}",
    "{% import 'm' as lib %}{{ lib.__class__ }}{{ lib.names }}",
    "{% set ns = namespace(a=1) %}{{ ns.__class__ }}{{ ns.names }}",
]


@pytest.mark.parametrize("source", ESCAPES)
def test_no_attribute_of_a_python_object_can_be_read(source: str) -> None:
    try:
        text = compile_template(source, "jinja", templates={"m": "{% set a = 1 %}"}).render(DATA)
    except TemplateError:
        return

    assert not any(word in text for word in ("s3cret", "class", "function", "object", "method", "globals", "0x"))


def test_the_methods_of_values_are_a_list_that_changes_nothing_and_tells_nothing() -> None:
    known = {*TEXT_METHODS, *MAPPING_METHODS, *LIST_METHODS, *DATE_METHODS, *MOMENT_METHODS}

    assert not known & {"append", "clear", "encode", "extend", "format_map", "insert", "pop", "translate", "update"}
    assert not any(name.startswith("_") for name in known)


@pytest.mark.parametrize(
    "source", ["{% set _ = xs.append(3) %}", "{% set _ = d.update(a=1) %}", "{% set _ = xs.pop() %}"]
)
def test_data_is_never_changed(source: str) -> None:
    data: dict[str, Any] = {"xs": [1], "d": {}}

    with pytest.raises(TemplateError, match="would change a value"):
        compile_template(source, "jinja").render(data)

    assert data == {"xs": [1], "d": {}}


def test_data_that_looks_like_a_template_is_text() -> None:
    source = "{{ name }}|{{ name ~ '' }}|{% set x = name %}{{ x }}|{% macro m(a) %}{{ a }}{% endmacro %}{{ m(name) }}"

    assert compile_template(source, "jinja").render({"name": "{{ 7 }}{% if %}"}) == "|".join(["{{ 7 }}{% if %}"] * 4)


HOSTILE = [
    "{{ 'a' * 10000000000 }}",
    "{{ ['a'] * 10000000000 }}",
    "{{ 10 ** 10000 }}",
    "{{ 2 ** 100000 }}",
    "{{ (10 ** 400) * (10 ** 400) }}",
    "{{ range(1000000000)|list }}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{{ 'a'|center(10000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.1000000000f' % 1.0 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ ('a' * 2000000)|replace('a', 'b' * 2000000) }}",
    "{{ ('a' * 2000000).replace('a', 'b' * 2000000) }}",
    "{{ 'a'.ljust(10000000000) }}",
    "{{ ['a' * 2000000, 'b']|join('c' * 2000000) }}",
    "{{ [1]|batch(10000000000, 'x')|list }}",
    "{{ [1]|slice(10000000000)|list }}",
    "{{ 'a'|indent(10000000000, true) }}",
    "{{ {'a': 1}|tojson(indent=10000000000) }}",
    "{{ ('a ' * 1000000)|wordwrap(1) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% include 'circle' %}",
    "{% extends 'heir' %}",
    "{% import 'self' as s %}",
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% set a = [1, 2] %}" + "{% set a = [a, a] %}" * 30 + "{{ a }}",
    "{% set a = [1] %}{% set b = [1] %}" + "{% set a = [a, a, a, a] %}{% set b = [b, b, b, b] %}" * 15 + "{{ a == b }}",
    "{% set s = 'aa' %}" + "{% set s = s ~ s %}" * 30 + "{{ s|length }}",
    "{{ ('a' * 2000000)|urlize }}{{ ('<' * 2000000)|e|e|forceescape }}",
    "{{ now().strftime('%Y' * 1000) }}",
]
TEMPLATES = {
    "circle": "{% include 'circle' %}",
    "heir": "{% extends 'heir' %}",
    "self": "{% import 'self' as s %}",
}


@pytest.mark.parametrize("source", HOSTILE, ids=range(len(HOSTILE)))
def test_what_grows_without_a_bound_is_an_error_that_says_so(source: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_template(source, "jinja", templates=TEMPLATES).render({})

    assert caught.value.advice


@pytest.mark.parametrize("opening", ["(", "[", "{'a': ", "not ", "-", "a.b", "a|upper", "a if ", "a ~ ", "a[", "f("])
def test_a_template_that_is_nested_without_end_is_an_error(opening: str) -> None:
    with pytest.raises(TemplateError):
        compile_template("{{ " + opening * 20_000 + " }}", "jinja").render({})


@pytest.mark.parametrize(
    "tag", ["if a", "for a in b", "with a = 1", "set a", "filter upper", "macro m()", "autoescape true"]
)
def test_tags_are_nested_to_a_bound_only(tag: str) -> None:
    end = tag.split()[0]

    with pytest.raises(TemplateError):
        compile_template(f"{{% {tag} %}}" * 500 + f"{{% end{end} %}}" * 500, "jinja")
