"""A shop: orders, whose work is done by tasks."""
