"""The application that the tasks belong to."""
