"""Where market data is kept: SQLAlchemy models, migrations, and the store on top."""
