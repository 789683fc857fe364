// What the metrics of the tab mean.

export const DEFINITIONS = [
  ["Compared", "Frames that are both labeled and analyzed. Others are unknown, not zero: they do not count."],
  ["Bias", "The mean of the model's count less the labels', per frame."],
  ["MAE", "The mean of the absolute value of that difference, per frame."],
  ["Right", "A box that overlaps a labeled box of its class with an IoU of at least 0.5. The most confident one takes it."],
  ["Precision", "The share of the model's boxes that are right."],
  ["Recall", "The share of the labeled boxes that are found."],
  ["F1", "The harmonic mean of precision and recall."],
  ["mAP50, mAP50-95", "Mean average precision as COCO defines it, of all boxes whatever their confidence. It is lower if the model was run with a minimum confidence."],
];
