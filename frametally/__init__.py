"""Frametally without a screen: the Video Inference contract, its client, its engine, the ledger and the analysis."""
