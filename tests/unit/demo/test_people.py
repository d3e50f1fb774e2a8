from collections import Counter

from livemerge.demo.people import MOST_ORDERS, people


def test_the_same_seed_gives_the_same_people_and_another_seed_others():
    assert people(300, seed=7) == people(300, seed=7)
    assert people(300, seed=7) != people(300, seed=8)


def test_keys_and_addresses_are_unique_and_addresses_lead_nowhere():
    everybody = people(5_000, seed=7)
    assert len({person.key for person in everybody}) == len({person.address for person in everybody}) == 5_000
    assert everybody[0].key == "c-1001"
    assert all(person.address.endswith(".example") for person in everybody)


def test_a_quarter_never_bought_and_a_few_buy_most():
    counts = sorted((person.order_count for person in people(5_000, seed=7)), reverse=True)
    assert 0.22 < counts.count(0) / len(counts) < 0.28
    assert counts[0] <= MOST_ORDERS
    assert sum(counts[:500]) > 0.4 * sum(counts)  # a tenth of the customers, two fifths of the orders


def test_names_come_with_accents_apostrophes_and_other_scripts_and_some_are_missing():
    everybody = people(5_000, seed=7)
    letters = "".join((person.first_name or "") + person.last_name for person in everybody)
    assert {"ü", "Ł", "ğ", "'", "ο", "о", "田", "ر"} <= set(letters)
    nameless = [person for person in everybody if not (person.first_name or "").strip()]
    assert 0.02 < len(nameless) / len(everybody) < 0.06
    assert {person.first_name for person in nameless} == {None, "", " "}


def test_every_tier_has_members_and_most_are_basic():
    tiers = Counter(person.tier for person in people(5_000, seed=7))
    assert tiers["basic"] > tiers["silver"] > tiers["gold"] > 0
