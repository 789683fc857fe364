"""Lines and zones on the picture of a camera, and what tracks did at them."""
