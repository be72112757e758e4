"""The API of rights over personal data."""
