"""The schema of the ledger, one numbered step for every change of it."""
