CREATE TABLE {schema}.inline_projections (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL -- whoever appends has registered this one
);

-- Whoever registered projections says so in `es.inline`: the name and version of each, a line for each.
CREATE FUNCTION {schema}.require_inline() RETURNS trigger LANGUAGE plpgsql AS {body};

CREATE TRIGGER inline_projections_are_registered
    BEFORE INSERT ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.require_inline();
