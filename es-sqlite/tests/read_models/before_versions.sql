-- The tables as they were before there were versions of them, with something in each. Never changed.
CREATE TABLE es_projections (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    partition INTEGER NOT NULL, -- 0: this database has one writer at a time, which partitions wouldn't speed up
    epoch INTEGER NOT NULL, -- raised by whoever takes over
    position INTEGER NOT NULL, -- every event of its at or below is in its data, or parked
    event_id BLOB CHECK (length(event_id) = 16), -- of the event at this position
    lease_until INTEGER NOT NULL, -- microseconds since 1970, by this machine's clock
    state TEXT NOT NULL CHECK (state IN ('building', 'active', 'retired')),
    mark INTEGER NOT NULL, -- up to here the version before it had its effects
    PRIMARY KEY (name, version, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE es_parked (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    failure TEXT, -- why, for an event that failed; nothing for one that waits behind it
    parked_at INTEGER NOT NULL, -- microseconds since 1970
    replay INTEGER NOT NULL, -- whether an older version has taken it in
    PRIMARY KEY (name, version, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE es_skipped (
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key TEXT NOT NULL,
    failure TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    skipped_at INTEGER NOT NULL, -- microseconds since 1970
    PRIMARY KEY (name, version, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE es_states (
    projection TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema INTEGER NOT NULL, -- an unsigned number's 64 bits
    position INTEGER NOT NULL,
    event_id BLOB CHECK (length(event_id) = 16),
    state TEXT NOT NULL,
    PRIMARY KEY (projection, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE totals (stream TEXT PRIMARY KEY, total INTEGER NOT NULL, events INTEGER NOT NULL);
CREATE TABLE seen (position INTEGER);
INSERT INTO totals VALUES ('a', 3, 2);
INSERT INTO seen VALUES (1), (2);

INSERT INTO es_projections (name, version, partition, epoch, position, event_id, lease_until, state, mark)
    VALUES ('totals', 1, 0, 3, 4, NULL, 0, 'active', 0);
INSERT INTO es_parked (name, version, position, key, failure, parked_at, replay)
    VALUES ('totals', 1, 3, 'counter/a', 'thirteen', 1, 0),
    ('totals', 1, 4, 'counter/a', NULL, 1, 0);
INSERT INTO es_skipped VALUES ('totals', 1, 1, 'counter/b', 'thirteen', 'ada', 'a typo', 1);
INSERT INTO es_states VALUES ('sums', 7, -1, 4, NULL, '{"sum":20}');
