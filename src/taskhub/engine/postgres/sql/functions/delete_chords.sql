-- Deletes chords, their parts and bodies.
CREATE OR REPLACE FUNCTION taskhub.delete_chords(p_chords text[]) RETURNS void
LANGUAGE sql AS $$
    DELETE FROM taskhub.chord_parts WHERE chord_id = ANY (p_chords);
    DELETE FROM taskhub.chord_bodies WHERE chord_id = ANY (p_chords);
    DELETE FROM taskhub.chords WHERE chord_id = ANY (p_chords);
$$;
