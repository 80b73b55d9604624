"""Actions of dashboard, API and command line; each is written to the audit log."""
