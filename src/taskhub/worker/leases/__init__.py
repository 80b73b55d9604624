"""Leases of worker processes, and their renewal."""
