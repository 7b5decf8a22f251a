-- Whoever drops an append in a transaction of their own before it is finished puts a row here. No row is ever committed.
CREATE TABLE {schema}.unfinished (since timestamptz NOT NULL DEFAULT clock_timestamp());

CREATE FUNCTION {schema}.refuse_unfinished() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an append in this transaction was dropped before it was finished: roll it back' USING ERRCODE = 'ES004';
END;
$$;

-- Deferred, so that the commit is refused aloud; after an error it would be a rollback that looks like one.
CREATE CONSTRAINT TRIGGER unfinished_is_not_committed
    AFTER INSERT ON {schema}.unfinished DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION {schema}.refuse_unfinished();
