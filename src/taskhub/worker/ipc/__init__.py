"""IPC between a supervisor and its worker processes: reports, orders, and requests."""
