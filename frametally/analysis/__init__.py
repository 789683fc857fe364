"""What the tables say: pure functions, no I/O."""
