"""Who may see and do what: permissions, classes of fields, and the rights of a caller."""
