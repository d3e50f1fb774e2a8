"""The benchmark's profile as Feast declares it, filled for 1,000 customers.

    python repo.py FOLDER [REDIS_ADDRESS]

Runs in Feast's own environment. Without an address the online store is SQLite.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas
from feast import Entity, FeatureService, FeatureStore, FeatureView, Field, FileSource
from feast.types import String
from feast.value_type import ValueType

CUSTOMERS = 1_000
FIELDS = 20

folder = Path(sys.argv[1])
online = f"type: redis\n  connection_string: {sys.argv[2]}" if len(sys.argv) > 2 else "type: sqlite\n  path: online.db"
(folder / "feature_store.yaml").write_text(
    f"project: bench\nregistry: registry.db\nprovider: local\nentity_key_serialization_version: 3\n"
    f"offline_store:\n  type: file\nonline_store:\n  {online}\n"
)
names = [f"feature_{number:02}" for number in range(FIELDS)]
now = datetime.now(UTC)
rows = pandas.DataFrame(
    {"customer_id": [f"c-{number}" for number in range(CUSTOMERS)], "event_timestamp": [now] * CUSTOMERS}
    | {name: [f"A text as shops have them, number {number}" for number in range(CUSTOMERS)] for name in names}
)
rows.to_parquet(folder / "people.parquet")
customer = Entity(name="customer", join_keys=["customer_id"], value_type=ValueType.STRING)
view = FeatureView(
    name="people",
    entities=[customer],
    ttl=timedelta(days=1),
    schema=[Field(name=name, dtype=String) for name in names],
    source=FileSource(path=str(folder / "people.parquet"), timestamp_field="event_timestamp"),
)
store = FeatureStore(repo_path=str(folder))
store.apply([customer, view, FeatureService(name="profile", features=[view])])
store.write_to_online_store("people", rows)
