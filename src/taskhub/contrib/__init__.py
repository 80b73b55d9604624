"""Parts for frameworks and services of others, each in a module that only it needs."""
