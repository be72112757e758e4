"""Files (文件): bytes that are kept for a while, in rows, sealed under the tenant's key."""
