CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.es_projections (
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

CREATE TABLE IF NOT EXISTS {schema}.es_parked (
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

CREATE TABLE IF NOT EXISTS {schema}.es_skipped (
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

CREATE TABLE IF NOT EXISTS {schema}.es_states (
    projection text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    schema bigint NOT NULL, -- an unsigned number's 64 bits
    position bigint NOT NULL,
    event_id uuid,
    state text NOT NULL,
    PRIMARY KEY (projection, version)
);
