"""Backup and restore of a data folder and its ledger."""
