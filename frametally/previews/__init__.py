"""Small pictures of jobs for lists: a thumbnail of the video, a sparkline of the counts."""
