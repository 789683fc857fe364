"""The header of every page: search over jobs, service, help, the title of the tab, and what a change of page needs."""
