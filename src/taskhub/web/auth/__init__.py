"""Authentication and roles: users, passwords, tokens, trusted proxies, OpenID Connect."""
