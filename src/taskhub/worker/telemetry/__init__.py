"""Events, metrics and log lines of worker processes."""
