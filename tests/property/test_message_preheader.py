"""The preheader stands right behind the body tag, however the octets are folded."""

from __future__ import annotations

import quopri

from hypothesis import given
from hypothesis import strategies as st

from livemerge.message.preheader import with_preheader_8bit, with_preheader_quoted
from livemerge.template.wire import make_encoding, whole_body

QUOTED = make_encoding("quoted-printable", None, raw_is_markup=False)
PIECES = st.sampled_from(["a", "é", "<p>", "\n", "==", "x" * 40, " ", "\t\n"])
AROUND = st.lists(PIECES, max_size=12).map("".join)
DECOYS = st.sampled_from(["", "<!-- <body class='no'> -->", "<bodyguard>", "<!--[if mso]><body><![endif]-->"])
TAGS = st.sampled_from(["<body>", "<BODY class=\"a>b\" style='x:y'>", '<body\nbgcolor="#fff">'])
SHOWN = "New: é €"


def quoted(text: str) -> bytes:
    return whole_body("quoted-printable", [QUOTED.static(text)])


def decoded(octets: bytes) -> str:
    return quopri.decodestring(octets).decode().replace("\r\n", "\n")


@given(AROUND, DECOYS, TAGS, AROUND)
def test_8bit(before: str, decoy: str, tag: str, after: str) -> None:
    html = f"{before}{decoy}{tag}{after}"
    made = with_preheader_8bit(html.replace("\n", "\r\n").encode(), SHOWN.encode()).decode().replace("\r\n", "\n")
    assert_in_place(made, f"{before}{decoy}{tag}", after)


@given(AROUND, DECOYS, TAGS, AROUND)
def test_quoted_printable(before: str, decoy: str, tag: str, after: str) -> None:
    made = with_preheader_quoted(quoted(f"{before}{decoy}{tag}{after}"), quoted(SHOWN))
    assert max(map(len, made.split(b"\r\n"))) <= 76
    assert_in_place(decoded(made), f"{before}{decoy}{tag}", after)


@given(AROUND)
def test_without_a_body_tag_it_comes_first(html: str) -> None:
    made = decoded(with_preheader_quoted(quoted(html), quoted(SHOWN)))
    hidden, _, rest = made.lstrip("\n").partition("</div>")
    assert hidden.startswith("<div style=") and hidden.endswith(SHOWN)
    assert rest.lstrip("\n") == html.lstrip("\n")


def assert_in_place(made: str, before: str, after: str) -> None:
    """Before and after are whole; only line ends may have been added where they meet the preheader."""
    assert made.startswith(before)
    hidden, _, rest = made[len(before) :].lstrip("\n").partition("</div>")
    assert hidden.startswith('<div style="display:none') and hidden.endswith(f">{SHOWN}")
    assert rest.lstrip("\n") == after.lstrip("\n")
