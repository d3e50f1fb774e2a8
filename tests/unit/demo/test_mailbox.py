from datetime import UTC, datetime

import pytest

from livemerge.demo.mailbox import Mailbox, shown_header

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def mail(subject: str, body: str = "text") -> bytes:
    return f"From: shop@example.com\r\nSubject: {subject}\r\n\r\n{body}\r\n".encode()


def add(box: Mailbox, octets: bytes, recipient: str = "a@post.example"):
    return box.add(octets, sender="shop@example.com", recipient=recipient, received_at=AT)


def test_what_is_added_can_be_read_back_byte_by_byte_behind_its_envelope(tmp_path):
    box = Mailbox(tmp_path)
    kept = add(box, mail("Hello", "a\r\n.b\x80"))
    assert box.octets(kept.number).endswith(mail("Hello", "a\r\n.b\x80"))
    assert box.message(kept.number)["Delivered-To"] == "a@post.example"
    assert (kept.subject, kept.size_bytes, len(box)) == ("Hello", len(mail("Hello", "a\r\n.b\x80")), 1)


def test_the_newest_comes_first_and_a_search_finds_address_and_subject(tmp_path):
    box = Mailbox(tmp_path)
    for number in range(3):
        add(box, mail(f"=?utf-8?q?Gr=C3=BC=C3=9Fe?= {number}"), f"c-{number}@post.example")
    assert [kept.subject for kept in box.find()] == ["Grüße 2", "Grüße 1", "Grüße 0"]
    assert [kept.recipient for kept in box.find("C-1@")] == ["c-1@post.example"]
    assert len(box.find("GRÜSSE")) == 3
    assert box.find("nothing like it") == []


def test_over_a_bound_the_oldest_go_with_their_files(tmp_path):
    box = Mailbox(tmp_path, most_messages=3)
    for number in range(5):
        add(box, mail(str(number)))
    assert [kept.subject for kept in box] == ["2", "3", "4"]
    assert (box.forgotten, len(list(tmp_path.glob("*.eml")))) == (2, 3)
    size = len(mail("0"))
    small = Mailbox(tmp_path / "small", most_bytes=size * 2)
    for number in range(3):
        add(small, mail(str(number)))
    assert len(small) == 2


def test_a_second_start_finds_the_mails_of_the_first_and_goes_on_counting(tmp_path):
    first = Mailbox(tmp_path)
    add(first, mail("=?utf-8?q?Caf=C3=A9?="), "b@post.example")
    second = Mailbox(tmp_path)
    assert [(kept.subject, kept.recipient, kept.sender) for kept in second] == [
        ("Café", "b@post.example", "shop@example.com")
    ]
    assert add(second, mail("next")).number == 2


def test_foreign_files_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes.eml").write_text("mine")
    assert len(Mailbox(tmp_path)) == 0
    assert (tmp_path / "notes.eml").read_text() == "mine"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("=?utf-8?b?w6k=?=", "é"),
        ("=?no-such-charset?q?abc?=", "=?no-such-charset?q?abc?="),
        ("=?utf-8?b?abcde?=", "=?utf-8?b?abcde?="),
        ("two\r\n lines", "two lines"),
        ("plain", "plain"),
    ],
)
def test_a_header_is_shown_decoded_or_as_it_stands(header, shown):
    assert shown_header(header) == shown


@pytest.mark.parametrize(
    "octets",
    [b"", b"\r\n", b"\xff\xfe\x00", b"no header at all", b"Subject: \xff\r\n\r\n", b"Subject:" + b"x" * 99_999],
)
def test_whatever_comes_is_kept(tmp_path, octets):
    box = Mailbox(tmp_path)
    kept = add(box, octets)
    assert box.octets(kept.number).endswith(octets)
    assert len(Mailbox(tmp_path)) == 1
