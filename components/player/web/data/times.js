// Presentation times of all frames of a video, and the entries: the frames that were selected for analysis.
// Every position comes from these lists; a frame rate is never assumed.

const ANALYZED = 1;
const DAMAGED = 2;

export class Times {
  constructor({ base, held, deltas, frame, time_s: timeS, state }) {
    const tickS = base[0] / base[1];
    let ticks = 0;
    this.frameS = Float64Array.from(deltas, (delta) => (ticks += delta) * tickS); // seconds after the first frame
    this.endS = ticks * tickS + held * tickS;
    this.frame = frame;
    this.timeS = timeS;
    this.state = state;
  }

  get entries() {
    return this.timeS.length;
  }

  get durationS() {
    return this.frameS.length ? this.endS : (this.timeS.at(-1) ?? 0);
  }

  isAnalyzed(entry) {
    return Boolean(this.state[entry] & ANALYZED);
  }

  isDamaged(entry) {
    return Boolean(this.state[entry] & DAMAGED);
  }

  // Whether the file contains the frame of this entry; a truncated one lacks frames at its end.
  isInFile(entry) {
    return this.frame[entry] < this.frameS.length;
  }

  // The frame whose time is nearest. Browsers round the time of a frame to microseconds.
  frameAt(seconds) {
    const after = lowerBound(this.frameS, seconds);
    if (after === 0) return 0;
    if (after === this.frameS.length) return after - 1;
    return seconds - this.frameS[after - 1] <= this.frameS[after] - seconds ? after - 1 : after;
  }

  // A time at which a player shows this frame: half-way to the next one.
  middleOf(frame) {
    return (this.frameS[frame] + (this.frameS[frame + 1] ?? this.endS)) / 2;
  }

  // The newest entry at or before this frame; -1 if there is none.
  entryAt(frame) {
    return upperBound(this.frame, frame) - 1;
  }

  // The analyzed entry nearest in time; the nearest entry if none was analyzed.
  entryNear(seconds) {
    const after = Math.min(lowerBound(this.timeS, seconds), this.entries - 1);
    const awayS = (entry) => Math.abs(this.timeS[entry] - seconds);
    const before = this.analyzedFrom(after - 1, -1);
    const next = this.analyzedFrom(after, 1);
    if (before === null || next === null) return before ?? next ?? after;
    return awayS(before) <= awayS(next) ? before : next;
  }

  // The first analyzed entry from this one on, in steps of 1 or -1; null if there is none.
  analyzedFrom(entry, step) {
    for (let at = entry; at >= 0 && at < this.entries; at += step) if (this.isAnalyzed(at)) return at;
    return null;
  }
}

// The first index whose value is at least `value`.
export function lowerBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The first index whose value is above `value`.
export function upperBound(sorted, value) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
