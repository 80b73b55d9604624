"""Dramatiq on the engine: broker, consumer, fetcher, completer, and the loop that joins them."""
