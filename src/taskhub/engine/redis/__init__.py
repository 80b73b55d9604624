"""The engine on Redis and Valkey: scripts in `lua/`, and what calls them."""
