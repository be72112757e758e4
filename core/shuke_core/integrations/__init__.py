"""Integrations (对接): signed messages from tills come in, are cleaned, and become facts."""
