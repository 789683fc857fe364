"""The sample that needs nothing: a rendered parcel line with its truth, and a small detector trained on more of it."""
