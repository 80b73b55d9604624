"""Libraries of the modules."""
