"""What happened: the outbox, the relay that gives each event its position, and reactions to it."""
