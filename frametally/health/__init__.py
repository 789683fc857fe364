"""Checks of the data folder and the link secret."""
