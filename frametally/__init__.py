"""Frametally without its dashboard: the inference contract, its client, its engine, the ledger and the analysis."""
