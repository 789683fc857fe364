"""Analysis of results: functions of a `View` that only read its results."""
