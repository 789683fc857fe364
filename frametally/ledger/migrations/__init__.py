"""The migrations of the ledger's schema, numbered in order."""
