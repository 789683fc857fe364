"""Messages about finished jobs: webhook and email, through an outbox."""
