"""What the modules have in common."""
