"""What may be watched live: topics of events, and the Redis streams that carry them to web processes."""
