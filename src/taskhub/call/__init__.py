"""A call of a task before it is sent: its options, checked, and the message that it becomes."""
