"""Orders, and what is done about them."""
