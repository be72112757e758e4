"""Work that is rows: waking, due tenants, schedules, and the process that does it; arq stays in here."""
