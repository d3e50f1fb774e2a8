"""HTML to text: what readers without HTML see."""

from __future__ import annotations

import pytest

from livemerge.template.plain_text import text_of_html


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>one\n  two</p><p>three</p>", "one two\n\nthree"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>a</li><li>b</li></ul>", "* a\n* b"),
        ("<a href='https://x.example'>shop</a> now", "shop (https://x.example) now"),
        ("<a href='https://x.example'>https://x.example</a>", "https://x.example"),
        ("<a href='mailto:a@x.example'>a@x.example</a><a href='#top'>up</a>", "a@x.exampleup"),
        ("<a href='https://x.example'><img alt='Logo' src=x></a>", "Logo (https://x.example)"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<head><title>t</title></head><style>p{}</style><script>x()</script>y", "y"),
        ("<!-- c --><!--[if mso]><p>no</p><![endif]-->yes", "yes"),
        ("<div style='display: none'>hidden <div>too</div></div>shown", "shown"),
        ("&nbsp;&euro; &amp; &lt;b&gt;", "€ & <b>"),
        ("<h1>Title</h1>text<hr>end", "Title\n\ntext\n\n---\n\nend"),
        ("<b>bold</b><i> it</i>!", "bold it!"),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert text_of_html(html).strip() == text


@pytest.mark.parametrize("odd", ["<", "<a ", "<a href='", "<!--", "<![", "</", "<script>", '<p title="', "&", "<a b="])
def test_markup_that_never_ends_is_read_to_the_end(odd: str) -> None:
    assert text_of_html("before " + odd * 20_000).startswith("before")


def test_a_mark_of_tags_inside_quotes_belongs_to_the_value() -> None:
    assert (
        text_of_html("<a title='a > b' href=\"https://x.example/?q='\">c</a>").strip() == "c (https://x.example/?q=')"
    )


def test_half_a_tag_in_text_stays_text() -> None:
    assert text_of_html("1 < 2 and 3 > 2").strip() == "1 < 2 and 3 > 2"
