-- Appends all that wait, judged one after the other, in one transaction.
--
-- `streams` are those that are appended to, each once. Of each append come the number of its stream among them, the
-- revision that it expects (-1 for any, -2 for a stream with events) and how many events it has; of each event the number
-- of its append, its place in it from 0, its stream, and what is stored. Numbers count from 1. Who isn't `careful` saves
-- looking for event ids that are there already, and is told by a violated `UNIQUE` if there is one. `digests`, of what each
-- event says, come where events are hashed: where they don't, the table refuses the rows, and the caller asks again. With
-- them may come `assumed`, for a stream the hash that its last event has where it is as the append expects, and `chained`,
-- the hash of each event behind that. They spare computing these here, and are taken only if the stream is so.
--
-- The answer has, for each append, the revision that it met; the position after which all of them were placed, or, if one
-- was refused or two share a stream, the position of each one's first event, 0 for a refused one; and every event id that
-- was there before, by which the caller tells repeats. `had` is the hash that each stream's last event had, unless that is
-- what was assumed.
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
    digests bytea[],
    assumed bytea[],
    chained bytea[],
    careful boolean,
    OUT recorded timestamptz,
    OUT met bigint[],
    OUT before bigint,
    OUT firsts bigint[],
    OUT had bytea[],
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
AS {body};
