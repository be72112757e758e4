"""A made-up app: clubs of members, grown by a second migration."""
