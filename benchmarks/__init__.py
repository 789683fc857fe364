"""Benchmarks, most of them against a common alternative; `python -m benchmarks` prints the figures."""
