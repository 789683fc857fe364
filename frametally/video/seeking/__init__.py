"""Fast access to frames far from a keyframe: decoders that stand between keyframes, in processes that can be copied."""
