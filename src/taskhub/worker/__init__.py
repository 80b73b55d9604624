"""Worker processes: middleware, leases, control messages, and the supervision of many."""
