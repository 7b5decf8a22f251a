CREATE TABLE {schema}.inline_projections (
    name text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL -- whoever appends has registered this one
);

-- Whoever registered projections says so in `es.inline`: the name and version of each, a line for each.
CREATE FUNCTION {schema}.require_inline() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    missing text;
BEGIN
    SELECT format('`%s`, version %s,', p.name, p.version) INTO missing
    FROM {schema}.inline_projections p
    WHERE p.name || ':' || p.version
        <> ALL (string_to_array(coalesce(current_setting('es.inline', true), ''), chr(10)))
    ORDER BY p.name LIMIT 1;
    IF missing IS NOT NULL THEN
        RAISE EXCEPTION 'the database requires the projection % inside of every append, and this program hasn''t registered it',
            missing USING ERRCODE = 'ES003';
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER inline_projections_are_registered
    BEFORE INSERT ON {schema}.events
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.require_inline();
