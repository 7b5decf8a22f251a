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
