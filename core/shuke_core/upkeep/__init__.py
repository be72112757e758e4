"""What the operator of the service does to a tenant: rotate its keys, suspend, close and erase it."""
