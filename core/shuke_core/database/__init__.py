"""How the database is reached, made and kept safe: engine, roles, migrations, catalogue."""
