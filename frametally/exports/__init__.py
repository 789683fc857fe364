"""Export a view as tables or COCO JSON, and the list of jobs as CSV."""
