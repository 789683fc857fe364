// Counts per point and class at every threshold, from `threshold_counts.py`: a changed threshold asks no server.

const STEPS = 101;

export class Counts {
  // `bucketS`: the duration of a point, null if points have the same number of entries.
  constructor({ starts, stop, analyzed, edges_s: edges, boxes = null }, classes, bucketS) {
    this.starts = starts;
    this.edges = Array.from(edges); // where points begin on the time axis, and where the last one ends
    this.bucketS = bucketS;
    this.stop = stop; // end of the last point's entries in the time range
    this.analyzed = analyzed;
    this.classes = classes;
    this.boxes = boxes && fromTop(boxes, classes * starts.length);
  }

  get points() {
    return this.starts.length;
  }

  stopOf(point) {
    return this.starts[point + 1] ?? this.stop;
  }

  // Entries of the longest point.
  get longest() {
    return this.starts.reduce((most, start, point) => Math.max(most, this.stopOf(point) - start), 1);
  }

  // Mean boxes per analyzed frame of a point; null where none was analyzed.
  mean(point, code, step) {
    return this.analyzed[point] ? this.total(point, code, step) / this.analyzed[point] : null;
  }

  total(point, code, step) {
    return this.boxes[(step * this.classes + code) * this.points + point];
  }

  means(code, step) {
    return Array.from(this.starts, (_, point) => this.mean(point, code, step));
  }

  // Mean of a class over all analyzed frames.
  overall(code, step) {
    let [boxes, analyzed] = [0, 0];
    for (let point = 0; point < this.points; point++) {
      boxes += this.total(point, code, step);
      analyzed += this.analyzed[point];
    }
    return analyzed ? boxes / analyzed : 0;
  }
}

// Sums of the histogram from the highest step down: boxes with at least each confidence.
function fromTop(histogram, size) {
  const sums = Uint32Array.from(histogram);
  for (let at = (STEPS - 1) * size - 1; at >= 0; at--) sums[at] += sums[at + size];
  return sums;
}
