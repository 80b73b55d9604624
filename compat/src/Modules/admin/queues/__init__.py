"""Tasks by the queue that they are on."""
