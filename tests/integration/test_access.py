"""Who is let in, over the whole API: keys in every place, access tokens, signed customers, guessing, fair shares."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from livemerge.access import Conditions
from livemerge.access.shares import Shares
from livemerge.api.make import make_api
from livemerge.app import Livemerge
from livemerge.clock import FakeClock

TOML = """
[access]
proxies = ["10.0.0.0/8"]
wrong_keys_per_minute = 5

[source.people]
kind = "table"
path = "people.csv"
key = "customer_id"

[field.first_name]
source = "people"
type = "text"
fallback = "there"
max_age = "1d"

[field.iban]
source = "people"
type = "text"
private = true
purpose = "refunds"
"""
PEOPLE = "customer_id,first_name,iban\nc-1,Ann,XX00 1234\nc-2,Bo,XX00 5678\n"
PATH = "/api/customer-profile"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def project(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Livemerge]:
    (tmp_path / "livemerge.toml").write_text(TOML)
    (tmp_path / "people.csv").write_text(PEOPLE)
    async with Livemerge.open(tmp_path, clock=clock) as opened:
        yield opened


@pytest.fixture
async def client(project: Livemerge) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(project) as opened:
        yield opened


def client_of(project: Livemerge, remote: str = "192.0.2.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(make_api(project), client=(remote, 1234))
    return httpx.AsyncClient(transport=transport, base_url="https://api.example")


def query_key(project: Livemerge, *scopes: str) -> Any:
    return project.keys.create("sfmc", scopes=scopes, conditions=Conditions(allow_query=True))


def signed(project: Livemerge, prefix: str, claims: dict[str, Any], head: dict[str, Any] | None = None) -> str:
    secret = project.signatures.secrets_of(prefix).secret
    return jwt.encode({"alg": "HS256", **(head or {})}, claims, OctKey.import_key(secret))


def soon(clock: FakeClock) -> int:
    return int(clock.now().timestamp()) + 600


# -- a key in the address ---------------------------------------------------------------------------------------------


async def test_a_key_in_the_address_reads_nobody_without_a_proof_of_the_id(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    made = query_key(project)
    known = await client.get(f"{PATH}/c-1", params={"key": made.key})
    nobody = await client.get(f"{PATH}/x-9", params={"key": made.key})
    assert (known.status_code, nobody.status_code) == (403, 403)
    assert known.json()["error"] == nobody.json()["error"]
    assert "signed" in known.json()["error"]["what"]


async def test_a_hash_of_the_id_opens_that_customer_and_no_other(project: Livemerge, client: httpx.AsyncClient) -> None:
    made = query_key(project)
    for proof in project.signatures.secrets_of(made.prefix).hashes("c-1"):
        opened = await client.get(f"{PATH}/c-1", params={"key": made.key, "h": proof})
        upper = await client.get(f"{PATH}/c-1", params={"key": made.key, "h": proof.upper()})
        other = await client.get(f"{PATH}/c-2", params={"key": made.key, "h": proof})
        beside = await client.get(f"{PATH}/c-2", params={"key": made.key, "h": proof, "id": "c-1"})
        assert (opened.status_code, opened.json()["first_name"]) == (200, "Ann")
        assert upper.status_code == 200
        assert (other.status_code, beside.status_code) == (403, 403)


async def test_a_hash_beside_a_key_in_a_header_binds_that_request_too(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    made = project.keys.create("braze")
    _, proof = project.signatures.secrets_of(made.prefix).hashes("c-1")
    headers = {"X-API-Key": made.key}
    assert (await client.get(f"{PATH}/c-1", params={"h": proof}, headers=headers)).status_code == 200
    assert (await client.get(f"{PATH}/c-2", params={"h": proof}, headers=headers)).status_code == 403
    assert (await client.get(f"{PATH}/c-2", headers=headers)).status_code == 200


async def test_the_hash_of_one_key_is_none_of_another(project: Livemerge, client: httpx.AsyncClient) -> None:
    one, two = query_key(project), query_key(project)
    nested, _ = project.signatures.secrets_of(one.prefix).hashes("c-1")
    project.signatures.secrets_of(two.prefix)
    assert (await client.get(f"{PATH}/c-1", params={"key": two.key, "h": nested})).status_code == 403


async def test_renewed_secrets_leave_the_former_a_day(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = query_key(project)
    before, _ = project.signatures.secrets_of(made.prefix).hashes("c-1")
    after, _ = project.signatures.renew(made.prefix).hashes("c-1")
    assert before != after

    async def status(proof: str) -> int:
        return (await client.get(f"{PATH}/c-1", params={"key": made.key, "h": proof})).status_code

    assert (await status(before), await status(after)) == (200, 200)
    clock.advance(86_400)
    assert (await status(before), await status(after)) == (403, 200)


# -- signed tokens -----------------------------------------------------------------------------------------------------


async def test_a_token_needs_no_key_beside_it_and_opens_one_customer(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("sfmc")
    token = signed(project, made.prefix, {"iss": made.prefix, "sub": "c-1", "exp": soon(clock)})
    assert (await client.get(f"{PATH}/c-1", params={"t": token})).json()["first_name"] == "Ann"
    assert (await client.get(f"{PATH}/c-2", params={"t": token})).status_code == 403


@pytest.mark.parametrize("end", [lambda at: at, str, float, lambda at: f"{at}.0"])
async def test_the_end_of_a_token_may_be_a_number_or_a_text(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock, end: Any
) -> None:
    made = project.keys.create("sfmc")
    token = signed(project, made.prefix, {"sub": "c-1", "exp": end(soon(clock))}, {"kid": made.prefix})
    assert (await client.get(f"{PATH}/c-1", params={"t": token})).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "c-1"},
        {"sub": "c-1", "exp": "soon"},
        {"sub": "c-1", "exp": True},
        {"sub": "c-1", "exp": 1},
        {"sub": "c-1", "exp": 1e11},
        {"sub": "c-1", "exp": "NaN"},
        {"sub": "c-1", "exp": "inf"},
        {"sub": "", "exp": 1767226200},
        {"sub": None, "exp": 1767226200},
        {"exp": 1767226200},
        {"sub": "c-1", "exp": 1767226200, "nbf": 1767226100},
        {"sub": ["c-1"], "exp": 1767226200},
    ],
)
async def test_a_token_that_says_too_little_opens_nothing(
    project: Livemerge, client: httpx.AsyncClient, claims: dict[str, Any]
) -> None:
    made = project.keys.create("sfmc")
    token = signed(project, made.prefix, {"iss": made.prefix, **claims})
    assert (await client.get(f"{PATH}/c-1", params={"t": token})).status_code == 401


async def test_no_token_turns_its_algorithm_into_an_advantage(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("sfmc")
    project.signatures.secrets_of(made.prefix)
    theirs = RSAKey.generate_key(2048)
    public = theirs.as_pem(private=False).decode()
    project.signatures.trust(made.prefix, public)
    claims = {"iss": made.prefix, "sub": "c-1", "exp": soon(clock)}

    def part(document: str) -> str:
        return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")

    body = jwt.encode({"alg": "RS256"}, claims, theirs).split(".")[1]
    stranger = RSAKey.generate_key(2048)
    nothing, other_nothing, unsigned = (part(f'{{"alg":"{name}"}}') for name in ("none", "None", "RS256"))
    symmetric = part('{"alg":"HS256"}')
    confused = f"{symmetric}.{body}"
    as_secret = hmac.new(public.encode(), confused.encode(), hashlib.sha256).digest()
    forged = [
        f"{confused}.{base64.urlsafe_b64encode(as_secret).decode().rstrip('=')}",
        f"{nothing}.{body}.",
        f"{other_nothing}.{body}.",
        jwt.encode({"alg": "RS256"}, claims, stranger),
        jwt.encode({"alg": "RS256", "jwk": stranger.as_dict(private=False)}, claims, stranger),
        jwt.encode({"alg": "HS512"}, claims, OctKey.import_key("x" * 64), algorithms=["HS512"]),
        jwt.encode({"alg": "ES256"}, claims, ECKey.generate_key("P-256")),
        f"{unsigned}.{body}.",
        f"{part('[]')}.{body}.x",
        "a.b.c",
        "..",
        "x" * 5_000,
        "é.ü.ß",
    ]
    for token in forged:
        async with client_of(project, f"198.51.100.{forged.index(token)}") as other:
            assert (await other.get(f"{PATH}/c-1", params={"t": token})).status_code == 401, token[:60]
    honest = jwt.encode({"alg": "RS256"}, claims, theirs)
    assert (await client.get(f"{PATH}/c-1", params={"t": honest})).status_code == 200


async def test_a_revoked_key_takes_what_it_signed_with_it(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("sfmc")
    token = signed(project, made.prefix, {"iss": made.prefix, "sub": "c-1", "exp": soon(clock)})
    assert (await client.get(f"{PATH}/c-1", params={"t": token})).status_code == 200
    project.keys.revoke(made.prefix)
    assert (await client.get(f"{PATH}/c-1", params={"t": token})).status_code == 401


# -- access tokens -----------------------------------------------------------------------------------------------------


async def access_token(client: httpx.AsyncClient, made: Any, **more: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": made.prefix, "client_secret": made.key, **more}
    return await client.post("/oauth/token", data=form)


async def test_a_key_is_exchanged_for_a_token_that_lives_an_hour(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("ajo")
    answer = await access_token(client, made)
    told = answer.json()
    assert (answer.status_code, told["token_type"], told["expires_in"]) == (200, "Bearer", 3600)
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    headers = {"Authorization": f"Bearer {told['access_token']}"}
    assert (await client.get(f"{PATH}/c-1", headers=headers)).json()["first_name"] == "Ann"
    clock.advance(3600 + 299)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 200
    clock.advance(1)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 401


async def test_a_client_may_say_who_it_is_in_a_header_a_form_or_json(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    made = project.keys.create("ajo")
    named = {"client_id": made.prefix, "client_secret": made.key}
    asked = {"grant_type": "client_credentials"}
    answers = [
        await client.post("/oauth/token", data=asked, auth=(made.prefix, made.key)),
        await client.post("/oauth/token", data=asked | named),
        await client.post("/oauth/token", json=asked | named),
        await client.post("/oauth/token", json=asked, auth=(made.prefix, made.key)),
    ]
    assert [answer.status_code for answer in answers] == [200] * 4


async def test_a_token_has_no_more_scopes_than_it_asked_for_and_its_key_has(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    made = project.keys.create("ajo", scopes=["profile", "private:iban"])
    narrow = (await access_token(client, made, scope="profile")).json()
    wide = (await access_token(client, made)).json()
    assert (narrow["scope"], wide["scope"]) == ("profile", "private:iban profile")
    seen = [
        (await client.get(f"{PATH}/c-1", headers={"Authorization": f"Bearer {told['access_token']}"})).json()
        for told in (narrow, wide)
    ]
    assert ["iban" in profile for profile in seen] == [False, True]
    refused = await access_token(client, made, scope="profile prefetch")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
        ({"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}, 401, "invalid_client"),
    ],
)
async def test_refusals_are_in_the_words_of_the_standard(
    client: httpx.AsyncClient, form: dict[str, str], status: int, error: str
) -> None:
    answer = await client.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)  # RFC 9110 §15.5.2


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b'{"grant_type": {"a": 1}}', "application/json"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % number for number in range(200)), "application/x-www-form-urlencoded"),
    ],
)
async def test_a_body_that_is_none_is_an_invalid_request(client: httpx.AsyncClient, content: bytes, kind: str) -> None:
    answer = await client.post("/oauth/token", content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_a_wrong_secret_in_a_header_is_challenged(project: Livemerge, client: httpx.AsyncClient) -> None:
    made = project.keys.create("ajo")
    answer = await client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(made.prefix, "lm_wrong")
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_the_public_keys_verify_tokens_also_after_a_rotation(
    project: Livemerge, client: httpx.AsyncClient
) -> None:
    made = project.keys.create("ajo")
    token = (await access_token(client, made)).json()["access_token"]
    project.access_tokens.rotate()
    later = (await access_token(client, made)).json()["access_token"]
    metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["token_endpoint"] == "https://api.example/oauth/token"
    keys = {key["kid"]: key for key in (await client.get(metadata["jwks_uri"])).json()["keys"]}
    assert len(keys) == 2
    assert not any("d" in key for key in keys.values())
    for one in (token, later):
        kid = jwt.decode(one, lambda signed: ECKey.import_key(keys[signed.headers()["kid"]])).header["kid"]
        assert kid in keys
        answer = await client.get(f"{PATH}/c-1", headers={"Authorization": f"Bearer {one}"})
        assert answer.status_code == 200


async def test_the_store_alone_signs_no_tokens(project: Livemerge, client: httpx.AsyncClient) -> None:
    made = project.keys.create("ajo")
    await access_token(client, made)
    kept = project.store.rows("SELECT public_jwk, private_part FROM token_key")[0]
    assert b'"d"' not in bytes(kept["private_part"])
    assert '"d"' not in kept["public_jwk"]


async def test_a_revoked_key_takes_its_access_tokens_with_it(project: Livemerge, client: httpx.AsyncClient) -> None:
    made = project.keys.create("ajo")
    headers = {"Authorization": f"Bearer {(await access_token(client, made)).json()['access_token']}"}
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 200
    project.keys.revoke(made.prefix)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 401


async def test_what_signs_for_one_customer_is_no_access_token(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("sfmc")
    token = signed(project, made.prefix, {"iss": made.prefix, "sub": "c-1", "exp": soon(clock)})
    assert (await client.get(f"{PATH}/c-1", headers={"Authorization": f"Bearer {token}"})).status_code == 401


# -- where from, how often ---------------------------------------------------------------------------------------------


async def test_a_key_for_a_network_opens_nothing_from_elsewhere(project: Livemerge) -> None:
    key = project.keys.create("braze", conditions=Conditions(networks=("192.0.2.0/24", "2001:db8::/32"))).key
    statuses = {}
    for remote in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "198.51.100.1", "2001:db9::1", ""):
        async with client_of(project, remote) as client:
            statuses[remote] = (await client.get(f"{PATH}/c-1", headers={"X-API-Key": key})).status_code
    assert list(statuses.values()) == [200, 200, 200, 403, 403, 403]


async def test_only_declared_proxies_say_who_asks(project: Livemerge) -> None:
    key = project.keys.create("braze", conditions=Conditions(networks=("192.0.2.0/24",))).key
    headers = {"X-API-Key": key}
    seen = []
    for peer, forwarded in (
        ("10.1.1.1", "192.0.2.7"),
        ("10.1.1.1", "198.51.100.1, 192.0.2.7, 10.2.2.2"),
        ("10.1.1.1", "192.0.2.7, 198.51.100.1"),
        ("198.51.100.1", "192.0.2.7"),
        ("10.1.1.1", "nonsense"),
    ):
        async with client_of(project, peer) as client:
            answer = await client.get(f"{PATH}/c-1", headers={**headers, "X-Forwarded-For": forwarded})
            seen.append(answer.status_code)
    assert seen == [200, 200, 403, 403, 403]
    assert {row.remote for row in project.access_log.ls()} == {"192.0.2.7", "198.51.100.1", "10.1.1.1"}


async def test_who_guesses_is_slowed_and_logged_and_locks_nobody_out(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("braze")
    right = {"X-API-Key": made.key}
    assert (await client.get(f"{PATH}/c-1", headers=right)).status_code == 200
    wrong = {"X-API-Key": f"lm_{made.prefix}_" + "a" * 43}
    statuses = [(await client.get(f"{PATH}/c-1", headers=wrong)).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    slowed = await client.get(f"{PATH}/c-1", headers=wrong)
    assert 0 < int(slowed.headers["retry-after"]) <= 60
    assert (await client.get(f"{PATH}/c-1", headers=right)).status_code == 200
    clock.advance(60)
    assert (await client.get(f"{PATH}/c-1", headers=wrong)).status_code == 401
    assert [(alarm.kind, alarm.key_prefix) for alarm in project.unusual.ls()] == [("wrong_keys", made.prefix)]
    assert len([row for row in project.access_log.ls() if row.outcome == "refused"]) == 6


async def test_a_key_that_reads_too_many_customers_is_slowed_and_alarmed(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("braze", conditions=Conditions(ids_per_hour=20))
    headers = {"X-API-Key": made.key}
    for number in range(21):
        assert (await client.get(f"{PATH}/n-{number}", headers=headers)).status_code == 200
    project.access_log.flush()
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 200
    slowed = await client.get(f"{PATH}/c-2", headers=headers)
    assert slowed.status_code == 429
    assert int(slowed.headers["retry-after"]) == 180
    clock.advance(180)
    assert (await client.get(f"{PATH}/c-2", headers=headers)).status_code == 200
    assert [(alarm.kind, alarm.key_prefix) for alarm in project.unusual.ls()] == [("many_customers", made.prefix)]
    clock.advance(3600)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).status_code == 200
    assert (await client.get(f"{PATH}/c-2", headers=headers)).status_code == 200


async def test_a_slowed_key_pays_for_each_customer_of_a_batch(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    made = project.keys.create("scraper", conditions=Conditions(ids_per_hour=20))

    async def status(first: int) -> int:
        asked = {"ids": [f"n-{first + number}" for number in range(100)], "fields": ["first_name"]}
        answer = await client.post("/api/customer-profiles", json=asked, headers={"X-API-Key": made.key})
        project.access_log.flush()
        return answer.status_code

    assert await status(0) == 200  # nothing was unusual yet
    assert await status(100) == 200  # the one that a slowed key has at first
    clock.advance(180)  # for one customer
    assert await status(200) == 429
    clock.advance(3_000)
    assert await status(300) == 429


async def test_a_batch_counts_against_the_fair_share_as_many_customers_as_it_has(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    project.admission._shares = Shares(clock, burst_s=1)
    made = project.keys.create("busy", conditions=Conditions(rate_per_s=1))
    headers = {"X-API-Key": made.key}
    asked = {"ids": [f"n-{number}" for number in range(10)], "fields": ["first_name"]}
    assert (await client.post("/api/customer-profiles", json=asked, headers=headers)).status_code == 200
    clock.advance(5)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).json()["source"] == "default"
    clock.advance(5)
    assert (await client.get(f"{PATH}/c-1", headers=headers)).json()["source"] == "live"


async def test_past_its_fair_share_a_key_is_answered_from_what_is_known(
    project: Livemerge, client: httpx.AsyncClient, clock: FakeClock
) -> None:
    project.admission._shares = Shares(clock, burst_s=1)
    made = project.keys.create("busy", conditions=Conditions(rate_per_s=1))
    headers = {"X-API-Key": made.key}
    first = (await client.get(f"{PATH}/c-1", headers=headers)).json()
    known = await client.get(f"{PATH}/c-1", headers=headers)
    unknown = await client.get(f"{PATH}/c-2", headers=headers)
    assert (first["source"], known.status_code, unknown.status_code) == ("live", 200, 200)
    assert known.json()["first_name"] == "Ann"
    assert (unknown.json()["first_name"], unknown.json()["source"]) == ("there", "default")
    clock.advance(1)
    assert (await client.get(f"{PATH}/c-2", headers=headers)).json()["first_name"] == "Bo"


# -- what is kept ------------------------------------------------------------------------------------------------------


async def test_no_secret_is_kept_wherever_a_caller_puts_it(project: Livemerge, client: httpx.AsyncClient) -> None:
    made = query_key(project)
    nested, _ = project.signatures.secrets_of(made.prefix).hashes("c-1")
    await client.get(f"{PATH}/c-1", params={"key": made.key, "h": nested})
    await client.get(f"{PATH}/{made.key}", headers={"X-API-Key": made.key})
    await client.get(f"{PATH}/x&key={made.key}&h={nested}", headers={"X-API-Key": made.key})
    project.access_log.flush()
    kept = str([tuple(row) for row in project.store.rows("SELECT * FROM access_log")])
    assert made.key[12:] not in kept
    assert nested not in kept
    assert f"lm_{made.prefix}_…" in kept
