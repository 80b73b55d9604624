"""What the pages show, read from the store; no query changes anything."""
