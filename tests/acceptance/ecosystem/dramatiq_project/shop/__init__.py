"""A Django project that uses Dramatiq, by the documents of the libraries that stand on it."""
