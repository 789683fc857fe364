"""The document of a brief: one HTML file, or a page whose pictures are separate files."""
