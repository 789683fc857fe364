"""The stretches of time and the classes that a chart over time shows."""
