"""The header of every page: search over jobs, the service in use, help, and the title of the tab."""
