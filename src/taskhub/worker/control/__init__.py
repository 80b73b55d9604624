"""Control messages in a worker process: commands, their replies, and what they act on."""
