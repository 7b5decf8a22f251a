-- Appends one event that nothing else waits beside, as `append` would: most of what that costs is its arrays. It doesn't hash:
-- where events are hashed, its row is refused, and the caller asks `append`.
--
-- The answer has the revision that it met; the event's position and the time at which it was recorded, or, with the revision
-- that it has, those of one with the same id that was there before; no position where it was refused. If an event id was
-- there before and the revision is as expected, the index refuses it, and the caller asks `append`, carefully.
CREATE FUNCTION {schema}.append_one(
    stream text,
    expected bigint,
    id uuid,
    name text,
    version bigint,
    effective timestamptz,
    payload text,
    metadata text,
    OUT recorded timestamptz,
    OUT met bigint,
    OUT placed bigint,
    OUT found_revision bigint
) LANGUAGE plpgsql VOLATILE
-- Who calls it has the settings that `append` makes for itself: making them costs as much as a look into an index.
AS {append_one};
