"""Select the architecture of a model file by what the file computes, not by the shapes of its outputs alone.

Every architecture whose shapes fit is a candidate. A child process runs the model on generated pictures and on the
sample, reads the outputs as each candidate would, before any threshold, and rejects candidates that contradict
themselves. The result is stored by the digest of the model's files.
"""
