"""Floor 1: the engine that stores, hands out and ends messages, and the Dramatiq broker on it."""
