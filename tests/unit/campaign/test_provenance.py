"""What a message was made of survives the ledger as it was."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from livemerge.campaign.provenance import pack, unpack
from livemerge.values import Cause, LadderStep, Profile, Provenance

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def test_values_and_provenance_come_back_with_their_types() -> None:
    values = {
        "name": "Ana",
        "spent": Decimal("12.50"),
        "since": date(2020, 2, 29),
        "seen_at": NOW,
        "points": 7,
        "is_vip": False,
        "city": None,
        "picks": [{"id": "p-1", "price": Decimal("3.10"), "until": date(2026, 12, 1), "note": None}],
    }
    provenance = {name: Provenance(LadderStep.LIVE, "crm", NOW, NOW) for name in values}
    provenance["city"] = Provenance(LadderStep.FALLBACK, "crm", None, None, Cause.LATE, "no answer within 150 ms")
    profile = Profile("c-1", values, provenance, True)
    again, made_at = unpack(pack(profile, NOW), "c-1")
    assert (again.values, again.provenance, made_at) == (values, provenance, NOW)
    assert [type(value) for value in again.values.values()] == [type(value) for value in values.values()]


def test_texts_that_an_earlier_version_kept_are_cleaned_before_a_template_writes_them() -> None:
    values = {"name": "An\x85a\r\n", "picks": [{"id\u202e": "p\x85"}]}
    origins = {name: Provenance(LadderStep.LIVE, "crm", NOW, NOW) for name in values}

    again, _ = unpack(pack(Profile("c-1", values, origins, True), NOW), "c-1")

    assert again.values == {"name": "Ana\n", "picks": [{"id\u202e\u202c": "p"}]}
