"""Moves what waits from one store to another (`taskhub move`)."""
