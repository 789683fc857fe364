"""Child processes: what they receive from this one, and what they give up."""
