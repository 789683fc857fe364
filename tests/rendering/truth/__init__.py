"""Labels of a person over HTTP."""
