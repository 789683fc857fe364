"""What a player in the browser reads: times of frames, packed boxes, counts by threshold, exact annotated frames."""
