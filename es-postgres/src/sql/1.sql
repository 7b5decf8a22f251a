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
