"""Side by side with what a user would do today; `python -m benchmarks` prints the ratios."""
