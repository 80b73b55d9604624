"""ASGI side of the dashboard: security, API routes, live updates, and the HTML shell."""
