-- Customers of whom a source says something new: what was remembered of them before counts no more, in any process.
CREATE TABLE changed (
    source      TEXT NOT NULL,
    key         TEXT NOT NULL,          -- empty: all of the source's keys
    changed_at  REAL NOT NULL,          -- epoch seconds; forgotten when nothing from before can be remembered any more
    PRIMARY KEY (source, key)
);
CREATE INDEX changed_by_time ON changed (changed_at);
