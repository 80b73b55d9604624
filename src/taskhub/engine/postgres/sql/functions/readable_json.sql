-- Returns a text with JSON as JSON whose fields PostgreSQL can read. Where it holds what a text of
-- PostgreSQL's cannot (the character NUL, half of a pair of surrogates), U+FFFD takes the place of
-- that, and of all surrogates.
CREATE OR REPLACE FUNCTION taskhub.readable_json(p_text text) RETURNS json
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    PERFORM p_text::json ->> '';
    RETURN p_text::json;
EXCEPTION WHEN data_exception THEN
    RETURN regexp_replace(
        p_text, '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '\1\\ufffd', 'g'
    )::json;
END
$$;
