"""Floor 2: what runs in a worker process, from the request of one execution to the supervision of many."""
