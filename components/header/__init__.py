"""The header of every page: search over jobs, the service in use, help, the title of the tab, and changes of the page."""
