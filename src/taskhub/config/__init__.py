"""The configuration: which settings there are, where their values come from, and URLs."""
