// The boxes of all entries, loaded in stretches of time when they are needed.

import { fetchPacked } from "./packed.js";

const STRETCH_ENTRIES = 256;
const MAX_STRETCHES = 24;
const RETRY_MS = 5000;
const UNIT = 1 << 14; // width and height of the picture in the coordinates
const NOWHERE = -(1 << 15);

export class BoxStore {
  constructor(url, onLoad) {
    this.url = url;
    this.onLoad = onLoad;
    this.stretches = new Map(); // number -> stretch or its promise, the latest at the end
  }

  // The boxes of an entry with at least this step of confidence whose class is visible; null while they load.
  at(entry, step, isVisible) {
    const stretch = this.stretchOf(entry);
    return stretch && boxesOf(stretch, entry, step, isVisible);
  }

  // The stretch of an entry, null until it is loaded; the next one is loaded ahead of the playhead.
  stretchOf(entry) {
    const number = Math.floor(entry / STRETCH_ENTRIES);
    const stretch = this.get(number);
    if (entry % STRETCH_ENTRIES > STRETCH_ENTRIES / 2) Promise.resolve(this.get(number + 1)).catch(() => {});
    if (!(stretch instanceof Promise)) return stretch;
    stretch.catch(() => {}); // nothing is drawn; `load` tries again
    return null;
  }

  get(number) {
    let stretch = this.stretches.get(number);
    if (!stretch) {
      stretch = this.load(number);
    } else {
      this.stretches.delete(number);
    }
    this.stretches.set(number, stretch);
    if (this.stretches.size > MAX_STRETCHES) this.stretches.delete(this.stretches.keys().next().value);
    return stretch;
  }

  async load(number) {
    try {
      const stretch = await fetchPacked(`${this.url}boxes/${number}`);
      this.stretches.set(number, stretch);
      this.onLoad();
      return stretch;
    } catch (error) {
      setTimeout(() => this.stretches.delete(number), RETRY_MS);
      throw error;
    }
  }

  // Boxes per entry of [first, stop) of one class, or of all visible ones if `code` is null.
  async countIn(first, stop, step, isVisible, code = null) {
    const counts = [];
    for (let entry = first; entry < stop; entry++) {
      const stretch = await this.get(Math.floor(entry / STRETCH_ENTRIES));
      const found = boxesOf(stretch, entry, step, isVisible);
      counts.push(code === null ? found.length : found.filter((box) => box.code === code).length);
    }
    return counts;
  }
}

function boxesOf({ start, ends, xyxy, code, level }, entry, step, isVisible) {
  const at = entry - start;
  const boxes = [];
  for (let box = at ? ends[at - 1] : 0; box < ends[at]; box++) {
    if (level[box] >> 1 < step || !isVisible(code[box])) continue;
    const [left, top, right, bottom] = xyxy.subarray(box * 4, box * 4 + 4);
    boxes.push({
      code: code[box],
      confidence: ((level[box] + 1) >> 1) / 100,
      isPlaced: left !== NOWHERE,
      left: Math.min(left, right) / UNIT,
      top: Math.min(top, bottom) / UNIT,
      right: Math.max(left, right) / UNIT,
      bottom: Math.max(top, bottom) / UNIT,
    });
  }
  return boxes;
}
