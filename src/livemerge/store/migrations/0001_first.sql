-- Times are seconds since 1970-01-01 UTC, as REAL.

-- One run of a campaign: what was pinned when it started.
CREATE TABLE campaign_run (
    campaign        TEXT NOT NULL,
    occurrence      TEXT NOT NULL,
    state           TEXT NOT NULL,      -- running paused stopped done
    template_name   TEXT NOT NULL,
    template_text   TEXT NOT NULL,      -- explain and replay read the text that was sent
    template_language TEXT NOT NULL,
    pins            TEXT NOT NULL,      -- JSON: digest of template, catalog, audience
    planned         INTEGER NOT NULL,
    started_at      REAL NOT NULL,
    finished_at     REAL,
    PRIMARY KEY (campaign, occurrence)
) WITHOUT ROWID;

-- The ledger: one row for each customer of a run. The key plans a customer once, whatever is replayed.
CREATE TABLE delivery (
    campaign        TEXT NOT NULL,
    occurrence      TEXT NOT NULL,
    customer        TEXT NOT NULL,
    address         TEXT NOT NULL,
    chunk           INTEGER NOT NULL,
    state           TEXT NOT NULL,      -- pending sending sent retry failed held skipped unknown
    attempt         INTEGER NOT NULL DEFAULT 0,
    fence           INTEGER NOT NULL DEFAULT 0,
    owner           TEXT NOT NULL DEFAULT '',
    due_at          REAL NOT NULL DEFAULT 0,
    marked_at       REAL,
    settled_at      REAL,
    message_id      TEXT NOT NULL DEFAULT '',
    reply           TEXT NOT NULL DEFAULT '',   -- the server's, one line
    reason          TEXT NOT NULL DEFAULT '',   -- why skipped, held or failed
    PRIMARY KEY (campaign, occurrence, customer)
) WITHOUT ROWID;
CREATE INDEX delivery_by_state ON delivery (campaign, occurrence, state, chunk);

-- What a message was made of: per field value, step, source, ages, cause. One compressed JSON a message.
CREATE TABLE delivery_data (
    campaign        TEXT NOT NULL,
    occurrence      TEXT NOT NULL,
    customer        TEXT NOT NULL,
    body            BLOB NOT NULL,
    PRIMARY KEY (campaign, occurrence, customer)
) WITHOUT ROWID;

-- People who must not be mailed. By customer key, and by address so that a new key does not revive them.
CREATE TABLE suppression (
    customer        TEXT NOT NULL,
    address         TEXT NOT NULL DEFAULT '',   -- lower case
    reason          TEXT NOT NULL,              -- unsubscribed, manual, bounced, complained
    campaign        TEXT NOT NULL DEFAULT '',
    suppressed_at   REAL NOT NULL,
    PRIMARY KEY (customer, address)
) WITHOUT ROWID;
CREATE INDEX suppression_by_address ON suppression (address) WHERE address <> '';

-- Values pinned by a person.
CREATE TABLE override (
    customer        TEXT NOT NULL,      -- '' means every customer
    field           TEXT NOT NULL,
    value           TEXT NOT NULL,      -- JSON
    author          TEXT NOT NULL,
    reason          TEXT NOT NULL,
    set_at          REAL NOT NULL,
    ends_at         REAL,
    PRIMARY KEY (customer, field)
) WITHOUT ROWID;

-- The cache's second tier, so that it outlives the process. body is JSON: field → [value, fetched_at, as_of].
CREATE TABLE cached_row (
    source          TEXT NOT NULL,
    key             TEXT NOT NULL,
    body            BLOB NOT NULL,
    expires_at      REAL NOT NULL,
    PRIMARY KEY (source, key)
) WITHOUT ROWID;
CREATE INDEX cached_row_by_expiry ON cached_row (expires_at);

CREATE TABLE event (
    id              INTEGER PRIMARY KEY,
    customer        TEXT NOT NULL,
    name            TEXT NOT NULL,
    occurred_at     REAL NOT NULL,
    received_at     REAL NOT NULL,
    properties      TEXT NOT NULL,      -- JSON object
    message_id      TEXT UNIQUE         -- the sender's id of the event; the same one twice is kept once
);
CREATE INDEX event_by_customer ON event (customer, name, occurred_at);

CREATE TABLE api_key (
    prefix          TEXT PRIMARY KEY,   -- recognises a key; not secret
    name            TEXT NOT NULL,
    hash            BLOB NOT NULL,      -- SHA-256 of the whole key
    scopes          TEXT NOT NULL,      -- JSON list
    created_at      REAL NOT NULL,
    expires_at      REAL,
    revoked_at      REAL
) WITHOUT ROWID;

CREATE TABLE access_log (
    id              INTEGER PRIMARY KEY,
    at              REAL NOT NULL,
    key_prefix      TEXT NOT NULL,
    customer        TEXT NOT NULL,
    fields          TEXT NOT NULL,      -- JSON list of names
    outcome         TEXT NOT NULL,
    remote          TEXT NOT NULL
);
CREATE INDEX access_log_by_time ON access_log (at);
