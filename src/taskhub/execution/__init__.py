"""One run of a task: its request, how it ends, and the outcome that is committed."""
