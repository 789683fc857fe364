"""The engine on many machines."""
