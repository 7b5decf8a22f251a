-- The tables as they were before there were versions of them, with something in each. Never changed.

CREATE TABLE es_projections (
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    partition integer NOT NULL, -- from 0; each version has as many rows as it has partitions
    epoch bigint NOT NULL, -- raised by whoever takes over
    position bigint NOT NULL, -- every event of its at or below is in its data, or parked
    event_id uuid, -- of the event at this position
    lease_until timestamptz NOT NULL, -- by this database's clock
    state text NOT NULL CHECK (state IN ('building', 'ready', 'succeeding', 'active', 'halted', 'retired')),
    mark bigint NOT NULL, -- up to here, at most, the version before it had its effects
    PRIMARY KEY (name, version, partition)
) WITH (fillfactor = 50); -- it is updated at every commit

CREATE TABLE es_parked (
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    failure text, -- why, for an event that failed; nothing for one that waits behind it
    parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    partition integer NOT NULL,
    replay boolean NOT NULL, -- whether an older version has taken it in
    PRIMARY KEY (name, version, position)
);

CREATE TABLE es_skipped (
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    position bigint NOT NULL,
    key text COLLATE "C" NOT NULL,
    failure text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (name, version, position)
);

CREATE TABLE es_states (
    projection text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    schema bigint NOT NULL, -- an unsigned number's 64 bits
    position bigint NOT NULL,
    event_id uuid,
    state text NOT NULL,
    PRIMARY KEY (projection, version)
);

CREATE TABLE totals (stream text PRIMARY KEY, total bigint NOT NULL, events bigint NOT NULL);
CREATE TABLE seen (position bigint);
INSERT INTO totals VALUES ('a', 3, 2);
INSERT INTO seen VALUES (1), (2);

INSERT INTO es_projections (name, version, partition, epoch, position, event_id, lease_until, state, mark)
    VALUES ('totals', 1, 0, 3, 4, NULL, '-infinity', 'active', 0);
INSERT INTO es_parked (name, version, position, key, failure, parked_at, replay, partition)
    VALUES ('totals', 1, 3, 'counter/a', 'thirteen', now(), false, 0),
    ('totals', 1, 4, 'counter/a', NULL, now(), false, 0);
INSERT INTO es_skipped VALUES ('totals', 1, 1, 'counter/b', 'thirteen', 'ada', 'a typo', now());
INSERT INTO es_states VALUES ('sums', 7, -1, 4, NULL, '{"sum":20}');
