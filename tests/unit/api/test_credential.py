"""Where an API key may stand in a request."""

import base64

import pytest

from livemerge.api.credential import presented_key

KEY = "lm_abcdefgh_secret"


def raw(headers: dict[str, str]) -> dict[bytes, bytes]:
    return {name.lower().encode(): value.encode() for name, value in headers.items()}


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"X-API-Key": KEY},
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {KEY}"},
        {"Authorization": basic(f"{KEY}:")},
        {"Authorization": basic(f"api:{KEY}")},
        {"Authorization": basic(KEY)},
    ],
)
def test_a_key_is_found_where_esps_put_it(headers: dict[str, str]) -> None:
    assert presented_key(raw(headers)) == KEY


@pytest.mark.parametrize("credential", ["", "Basic", "Basic %%%", "Basic /w==", "Digest x", "Bearer"])
def test_what_is_no_credential_gives_no_key(credential: str) -> None:
    assert presented_key(raw({"Authorization": credential})) == ""
