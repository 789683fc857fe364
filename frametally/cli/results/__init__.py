"""Commands that ask something of results, those of a job or of a results JSON."""
