"""The shipped tasks: thin functions over the services."""
