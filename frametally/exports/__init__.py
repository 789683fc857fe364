"""The view as files: tables, COCO JSON; the list of jobs as CSV."""
