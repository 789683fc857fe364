"""Analysis of results: pure functions over a `View`, without I/O of their own."""
