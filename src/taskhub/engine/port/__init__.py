"""The engine port: what every engine implements."""
