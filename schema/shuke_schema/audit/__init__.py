"""The staff API of the audit."""
