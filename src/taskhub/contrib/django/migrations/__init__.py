"""Migrations of the table that `taskhub.contrib.django` brings."""
