"""The engine on Redis and Valkey: scripts in `lua/`, everything else moves bytes to and from them."""
