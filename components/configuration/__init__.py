"""The parts of the Configuration page."""
