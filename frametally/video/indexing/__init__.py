"""The coded pictures of a stream, and the order and the times in which they are shown."""
