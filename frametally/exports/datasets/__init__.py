"""Frames with boxes as datasets for labeling tools: COCO JSON or YOLO, with pictures."""
