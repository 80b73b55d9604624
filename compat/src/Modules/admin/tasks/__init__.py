"""Tasks that are called now and then."""
