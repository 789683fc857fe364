"""Links to briefs: read-only, of one view, until they expire or are ended, or what they show or their maker goes."""
