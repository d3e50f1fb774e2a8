"""Values in addresses, code and comments, where HTML escaping is not the protection that is needed."""

from __future__ import annotations

import pytest

UNSAFE = [
    ('<a href="https://x.example/?q={{ city }}">x</a>', "unencoded-url"),
    ("<img src='https://x.example/i.png?a=1&amp;n={{ city }}'>", "unencoded-url"),
    ('<a href="mailto:a@b.example?subject={{ city }}">x</a>', "unencoded-url"),
    ('<a href="https://x.example/#{{ city }}">x</a>', "unencoded-url"),
    ('<a href="{{ city }}">x</a>', "unchecked-link"),
    ('<td background="{{ city }}">x</td>', "unchecked-link"),
    ('<script>var city = "{{ city }}"</script>', "unsafe-place"),
    ("<style>a { content: '{{ city }}' }</style>", "unsafe-place"),
    ("<a onclick=\"go('{{ city }}')\">x</a>", "unsafe-place"),
    ("<a ONCLICK = '{{ city }}'>x</a>", "unsafe-place"),
    ('<p style="color: {{ city }}">x</p>', "unsafe-place"),
    ('<iframe srcdoc="{{ city }}"></iframe>', "unsafe-place"),
    ('<meta http-equiv="refresh" content="0;url={{ city }}">', "unsafe-place"),
    ("<!-- {{ city }} -->", "value-in-comment"),
    ("<td width={{ city }}>x</td>", "unquoted-attribute"),
    ("<td {{ city }}>x</td>", "unquoted-attribute"),
    ('{% if tier == "a" %}<a href="https://x.example/?q={% else %}<a href="{% endif %}{{ city }}">', "unencoded-url"),
]
SAFE = [
    '<p title="{{ city }}">{{ city }}</p><title>{{ city }}</title><textarea>{{ city }}</textarea>',
    '<a href="https://x.example/?q={{ city | url_encode }}&amp;n={{ orders }}&amp;d={{ since }}">x</a>',
    '{% assign q = city | url_encode %}<a href="https://x.example/?q={{ q }}">x</a>',
    '<a href="{{ shop }}"><img src="{{ shop }}"></a>',
    "<a href=\"{{ city | prepend: 'https://x.example/' }}\">x</a>",
    '<script>var orders = {{ orders }}</script><p style="width: {{ orders }}px">x</p>',
    '<!--[if mso]><td width="{{ city }}">{{ city }}</td><![endif]-->',
    '<a href="https://x.example/p/{{ city }}">x</a>',
    "<p>1 < 2 {{ city }}</p>",
    '<meta name="x" content="{{ city }}">',
]


@pytest.mark.parametrize(("body", "code"), UNSAFE)
def test_a_value_that_is_more_than_text_where_it_stands_is_found(codes, body, code):
    assert code in codes(body)


@pytest.mark.parametrize("body", SAFE)
def test_what_escaping_protects_is_in_order(codes, body):
    assert codes(body) == []


@pytest.mark.parametrize(
    ("language", "body", "advice"),
    [
        ("mailchimp", "<a href='https://x.example/?q=*|CITY|*'>x</a>", "*|URL:CITY|*"),
        ("ampscript", '<a href="https://x.example/?q=%%city%%">x</a>', "URLEncode(city, 1, 1)"),
        ("liquid", '<a href="https://x.example/?q={{ city }}">x</a>', "| url_encode"),
    ],
)
def test_the_mend_is_written_in_the_templates_language(check, language, body, advice):
    (found,) = check(body, language)
    assert found.code == "unencoded-url"
    assert advice in found.advice
