"""Labels that are kept beside results, and the process that reads them from a file of a person."""
