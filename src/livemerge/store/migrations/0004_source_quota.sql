-- Calls made of a source within one span of time: a second, a day. What a process leased counts as used.
CREATE TABLE source_quota (
    source      TEXT NOT NULL,
    span        TEXT NOT NULL,          -- its beginning in UTC, and its seconds
    used        INTEGER NOT NULL,
    ends_at     REAL NOT NULL,          -- epoch seconds; forgotten some days later
    PRIMARY KEY (source, span)
);
CREATE INDEX source_quota_by_end ON source_quota (ends_at);
