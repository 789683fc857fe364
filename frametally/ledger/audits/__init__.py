"""Audits and what people have seen in checked frames."""
