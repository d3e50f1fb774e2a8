-- What a key's maker declared beyond its scopes, and the round of its signing secret.
ALTER TABLE api_key ADD COLUMN networks TEXT NOT NULL DEFAULT '[]';         -- JSON list of CIDR; empty: from anywhere
ALTER TABLE api_key ADD COLUMN allow_query INTEGER NOT NULL DEFAULT 0;      -- 1: may stand in an address
ALTER TABLE api_key ADD COLUMN esp TEXT NOT NULL DEFAULT '';
ALTER TABLE api_key ADD COLUMN is_test INTEGER NOT NULL DEFAULT 0;
ALTER TABLE api_key ADD COLUMN rate_per_s REAL;                             -- its fair share; null: the project's
ALTER TABLE api_key ADD COLUMN ids_per_hour INTEGER;                        -- then it is slowed; null: the project's
ALTER TABLE api_key ADD COLUMN replaces TEXT NOT NULL DEFAULT '';           -- prefix of the key it follows
ALTER TABLE api_key ADD COLUMN signing_round INTEGER NOT NULL DEFAULT 0;    -- 0: signs nothing; secrets are derived
ALTER TABLE api_key ADD COLUMN signing_since REAL NOT NULL DEFAULT 0;       -- when the round began
ALTER TABLE api_key ADD COLUMN signing_public TEXT NOT NULL DEFAULT '';     -- PEM of a caller that signs by RS256

-- Keys that sign access tokens. The private part is encrypted with a key derived from the project's secret.
CREATE TABLE token_key (
    kid             TEXT PRIMARY KEY,
    public_jwk      TEXT NOT NULL,      -- JSON
    private_part    BLOB NOT NULL,
    created_at      REAL NOT NULL,
    retires_at      REAL NOT NULL       -- signs nothing after this; verifies while its tokens live
);

-- Unusual use of a key, for people to look at.
CREATE TABLE access_alarm (
    id              INTEGER PRIMARY KEY,
    at              REAL NOT NULL,
    key_prefix      TEXT NOT NULL,
    kind            TEXT NOT NULL,      -- many_customers, many_misses, new_network, wrong_keys
    detail          TEXT NOT NULL
);
CREATE INDEX access_alarm_by_time ON access_alarm (at);

-- The networks each key was used from (/24 and /48), so that a new one is noticed.
CREATE TABLE access_network (
    key_prefix      TEXT NOT NULL,
    network         TEXT NOT NULL,
    first_at        REAL NOT NULL,
    PRIMARY KEY (key_prefix, network)
) WITHOUT ROWID;

CREATE INDEX access_log_by_customer ON access_log (customer, at);
