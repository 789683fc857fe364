"""The frames that a brief shows: which ones, their pictures and clips."""
