// Counts, metrics and highlights of one model at every threshold; the same sums as frametally/analysis.
// A step of null is the threshold of the brief, which may lie between the steps.
export class Counts {
  constructor(side, { facts, arrays }) {
    this.classes = side.classes;
    this.facts = facts;
    this.arrays = arrays;
    this.points = arrays.analyzed.length;
    this.cumulate();
    const [{ figure }] = side.charts;
    this.own = side.classes.map((_, code) => figure.data[code].y.map((mean, at) => Math.round(mean * arrays.analyzed[at])));
  }

  // (101, classes, points): from boxes in a step to boxes at or above it.
  cumulate() {
    const { histogram } = this.arrays;
    const layer = this.classes.length * this.points;
    for (let at = histogram.length - layer - 1; at >= 0; at--) histogram[at] += histogram[at + layer];
  }

  // Boxes of a class in each point.
  boxes(step, code) {
    if (step === null) return this.own[code];
    const from = (step * this.classes.length + code) * this.points;
    return this.arrays.histogram.subarray(from, from + this.points);
  }

  // Mean detections per analyzed frame; null where none was analyzed.
  values(step, code) {
    const { analyzed } = this.arrays;
    return Array.from(this.boxes(step, code), (count, at) => (analyzed[at] ? count / analyzed[at] : null));
  }

  row(step, code) {
    if (step === null) return this.classes[code];
    const at = step * this.classes.length + code;
    const { boxes, present, peak, first_s: first, last_s: last } = this.arrays;
    const { entries, interval_s: interval } = this.facts;
    if (!entries) return { mean: null, peak: null, present: null, present_s: null, first_seen_s: null, last_seen_s: null };
    const seen = present[at] > 0;
    return {
      mean: boxes[at] / entries,
      peak: peak[at],
      present: present[at] / entries,
      present_s: present[at] * interval,
      first_seen_s: seen ? first[at] : null,
      last_seen_s: seen ? last[at] : null,
    };
  }

  // Of the classes with these codes; null if no frame was analyzed.
  highlights(step, codes) {
    const rows = codes.map((code) => ({ ...this.row(step, code), code })).filter((row) => row.peak !== null);
    if (!rows.length) return null;
    const highest = rows.reduce((best, row) => (row.peak > best.peak ? row : best));
    return {
      peak: highest.peak,
      peakCode: highest.code,
      busiest: this.busiest(step, codes),
      mean: rows.reduce((sum, row) => sum + row.mean, 0),
      classes: rows.filter((row) => row.peak).length,
    };
  }

  busiest(step, codes) {
    const [firsts = [], starts = [], ends = []] = this.facts.stretches;
    let best = null;
    let any = 0;
    firsts.forEach((first, at) => {
      const stop = firsts[at + 1] ?? this.points;
      let analyzed = 0;
      let boxes = 0;
      for (let point = first; point < stop; point++) {
        analyzed += this.arrays.analyzed[point];
        for (const code of codes) boxes += this.boxes(step, code)[point];
      }
      any += boxes;
      const mean = analyzed ? boxes / analyzed : -1;
      if (best === null || mean > best.mean) best = { mean, first_s: starts[at], last_s: ends[at] };
    });
    return any ? best : null;
  }
}
