"""The settings, a module for each namespace."""
