"""The check of a sample of frames in the browser, and what it says about a view."""
