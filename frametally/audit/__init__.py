"""Audits: a small random sample of frames is checked by eye, and gives the model's numbers an error bar.

The counts of all frames are known from the model, those of the checked frames also from a person. The mean difference
in the sample corrects the model's mean; how much the differences vary says how far the result may be from the truth.
This holds however bad the model is: a bad one only makes the interval wider.
"""

from frametally.audit.checks import Checks
from frametally.audit.estimates import Estimate, mean_count, presence, total
from frametally.audit.quality import f1, precision, recall
from frametally.audit.sampling import sample

__all__ = ["Checks", "Estimate", "f1", "mean_count", "precision", "presence", "recall", "sample", "total"]
