"""A value that is written more than once is looked up and escaped once, and nobody can tell."""

from html import escape

from hypothesis import given
from hypothesis import strategies as st

from livemerge.clean import clean_data
from livemerge.template import compile as compile_template

NAMES = ("a", "b", "user.name", "item", "item.name")
VARIABLES = ("a", "v")
LEAVES = st.one_of(
    st.tuples(st.just("write"), st.sampled_from((*NAMES, "v"))),
    st.tuples(st.just("assign"), st.sampled_from(VARIABLES), st.sampled_from(NAMES)),
)
BLOCKS = st.recursive(
    st.lists(LEAVES, min_size=1, max_size=4),
    lambda inner: st.lists(
        st.one_of(
            LEAVES,
            st.tuples(st.just("if"), st.sampled_from(NAMES), inner, inner),
            st.tuples(st.just("for"), inner),
            st.tuples(st.just("capture"), st.sampled_from(VARIABLES), inner),
        ),
        min_size=1,
        max_size=4,
    ),
    max_leaves=12,
)
TEXT = st.one_of(st.none(), st.sampled_from(("x", "<b>", "line\nend", "\x07bell", "Zoë & €")))
DATA = st.fixed_dictionaries(
    {"a": TEXT, "b": TEXT, "user": st.fixed_dictionaries({"name": TEXT})},
    optional={"items": st.lists(st.fixed_dictionaries({"name": TEXT}), max_size=3)},
)


def liquid(block):
    """The block as a Liquid template."""
    written = []
    for kind, *rest in block:
        if kind == "write":
            written.append(f"{{{{ {rest[0]} }}}}|")
        elif kind == "assign":
            written.append(f"{{% assign {rest[0]} = {rest[1]} %}}")
        elif kind == "if":
            written.append(f"{{% if {rest[0]} %}}{liquid(rest[1])}{{% else %}}{liquid(rest[2])}{{% endif %}}")
        elif kind == "for":
            written.append(f"{{% for item in items %}}{liquid(rest[0])}{{% endfor %}}")
        else:
            written.append(f"{{% capture {rest[0]} %}}{liquid(rest[1])}{{% endcapture %}}")
    return "".join(written)


class Captured(str):
    """Text that was escaped when it was captured."""


def found(name, names):
    value = names
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def printed(value):
    if isinstance(value, Captured):
        return str(value)
    if value is None or isinstance(value, dict):
        return ""
    return escape(value.replace("\x07", "")).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")


def meaning(block, names):
    """What the block writes, statement by statement."""
    written = []
    for kind, *rest in block:
        if kind == "write":
            written.append(printed(found(rest[0], names)) + "|")
        elif kind == "assign":
            names[rest[0]] = found(rest[1], names)
        elif kind == "if":
            written.append(meaning(rest[1] if found(rest[0], names) is not None else rest[2], names))
        elif kind == "for":
            outer = names.get("item")
            for item in names.get("items") or []:
                names["item"] = item
                written.append(meaning(rest[0], names))
            names["item"] = outer
        else:
            names[rest[0]] = Captured(meaning(rest[1], names))
    return "".join(written)


def without_items_printed(block):
    """The block without what writes a whole item: how a mapping prints is tested elsewhere."""
    kept = []
    for kind, *rest in block:
        if "item" in rest:
            continue
        kept.append((kind, *(without_items_printed(each) if isinstance(each, list) else each for each in rest)))
    return kept


@given(BLOCKS.map(without_items_printed), DATA)
def test_every_value_is_written_as_it_is_at_that_place(block, data):
    template = compile_template(liquid(block))
    expected = meaning(block, dict(data))
    for each in (data, clean_data(data)):
        assert template.render(each) == expected
        assert template.trace(each).text == expected
        assert template.writer("8bit")(each) == expected.replace("\n", "\r\n").encode()


def test_a_value_written_four_times_is_looked_up_once():
    asked = []

    class Watched(dict):
        def get(self, key, default=None):
            asked.append(key)
            return super().get(key, default)

    template = compile_template(
        "{{ p.url }} {% if shows %}{{ p.url }}{% endif %}{% for i in (1..2) %}{{ p.url }}{% endfor %}"
    )
    assert template.render({"p": Watched(url="a&b"), "shows": True}) == "a&amp;b a&amp;ba&amp;ba&amp;b"
    assert asked == ["url"]
