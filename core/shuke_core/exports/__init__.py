"""Exports (导出): lists of a tenant's data as files, asked for, written later, fetched once a link."""
