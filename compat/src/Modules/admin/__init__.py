"""The tasks of the admin module."""
