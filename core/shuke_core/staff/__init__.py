"""Staff (员工): who works for a tenant, in which role, and the tokens they come with."""
