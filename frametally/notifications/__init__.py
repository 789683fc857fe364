"""Messages about finished jobs: webhook and e-mail, through an outbox."""
