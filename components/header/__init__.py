"""What stands in the header of every page: the search over jobs, the service in use, help, and the title of the tab."""
