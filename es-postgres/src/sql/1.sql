CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE {schema}.events (
    position bigint PRIMARY KEY CHECK (position > 0),
    stream text COLLATE "C" NOT NULL CHECK (strpos(stream, '/') > 1), -- category/id
    revision bigint NOT NULL CHECK (revision > 0),
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL CHECK (name <> ''),
    version bigint NOT NULL CHECK (version > 0),
    recorded_at timestamptz NOT NULL,
    effective_at timestamptz,
    payload text COLLATE "C" NOT NULL,
    metadata text COLLATE "C", -- nothing for an empty object
    UNIQUE (stream, revision),
    UNIQUE (stream, id)
);

CREATE TABLE {schema}.snapshots (
    stream text COLLATE "C" NOT NULL,
    revision bigint NOT NULL CHECK (revision > 0),
    event_id uuid NOT NULL,
    schema bigint NOT NULL, -- an unsigned number's 64 bits
    fold bigint NOT NULL,
    state text COLLATE "C" NOT NULL,
    PRIMARY KEY (stream, revision)
);

CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are never changed or deleted' USING ERRCODE = 'ES002';
END;
$$;

CREATE TRIGGER events_are_never_changed
    BEFORE UPDATE OR DELETE OR TRUNCATE ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.refuse();

-- To look at: what the library itself reads is the table.
CREATE VIEW {schema}.log AS
SELECT position,
    split_part(stream, '/', 1) AS category,
    substr(stream, strpos(stream, '/') + 1) AS id,
    revision, id AS event_id, name, version, recorded_at,
    coalesce(effective_at, recorded_at) AS effective_at,
    payload::json AS payload,
    coalesce(metadata, '{{}}')::json AS metadata
FROM {schema}.events;

-- Appends all that wait, judged one after the other, in one transaction.
--
-- `streams` are those that are appended to, each once. Of each append come the number of its stream among them, the
-- revision that it expects (-1 for any, -2 for a stream with events) and how many events it has; of each event the number
-- of its append, its place in it from 0, its stream, and what is stored. Numbers count from 1. Who isn't `careful` saves
-- looking for event ids that are there already, and is told by a violated `UNIQUE` if there is one.
--
-- The answer has, for each append, the revision that it met; the position after which all of them were placed, or, if one
-- was refused or two share a stream, the position of each one's first event, 0 for a refused one; and every event id that
-- was there before, by which the caller tells repeats.
CREATE FUNCTION {schema}.append(
    streams text[],
    of_stream integer[],
    expected bigint[],
    counts integer[],
    appends integer[],
    places integer[],
    names_of_streams text[],
    ids uuid[],
    names text[],
    versions bigint[],
    effective timestamptz[],
    payloads text[],
    metadata text[],
    careful boolean,
    OUT recorded timestamptz,
    OUT met bigint[],
    OUT before bigint,
    OUT firsts bigint[],
    OUT found_append integer[],
    OUT found_id uuid[],
    OUT found_revision bigint[],
    OUT found_position bigint[],
    OUT found_recorded timestamptz[]
) LANGUAGE plpgsql VOLATILE
-- A plan that was made while the table was empty would scan it for ever.
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS {append};
