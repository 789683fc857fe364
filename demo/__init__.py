"""A self-contained sample: a rendered parcel line with ground truth, and a small detector trained on similar scenes."""
