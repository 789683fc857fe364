// The boxes of all entries, loaded in stretches of time when they are needed.

import { fetchPacked } from "./packed.js";
import { Unreachable } from "./requests.js";

const STRETCH_ENTRIES = 256;
const MAX_STRETCHES = 24;
const RETRY_MS = 5000;
const UNIT = 1 << 14; // width and height of the picture in the coordinates
const NOWHERE = -(1 << 15);

export class BoxStore {
  // `onLoad(isMissing)` is called when boxes have been loaded, or could not be; with `withShapes`, also when their
  // outlines, keypoints or gaze have.
  constructor(url, onLoad, { withShapes = false, path = "boxes" } = {}) {
    Object.assign(this, { url, onLoad, withShapes, path });
    this.isClosed = false;
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
      const stretch = await fetchPacked(`${this.url}${this.path}/${number}`);
      this.stretches.set(number, stretch);
      this.tell(false);
      if (this.withShapes) this.loadShapes(stretch, number);
      return stretch;
    } catch (error) {
      this.tell(true);
      setTimeout(() => {
        this.stretches.delete(number);
        if (error instanceof Unreachable) this.tell(true); // what is visible is asked for again
      }, RETRY_MS);
      throw error;
    }
  }

  // Boxes are drawn without shapes until they are there.
  async loadShapes(stretch, number) {
    try {
      stretch.shapes = await fetchPacked(`${this.url}shapes/${number}`);
      this.tell(false);
    } catch (error) {
      const isWanted = () => !this.isClosed && this.stretches.get(number) === stretch;
      if (error instanceof Unreachable) setTimeout(() => isWanted() && this.loadShapes(stretch, number), RETRY_MS);
    }
  }

  tell(isMissing) {
    if (!this.isClosed) this.onLoad(isMissing);
  }

  close() {
    this.isClosed = true;
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

function boxesOf({ start, ends, xyxy, code, level, shapes }, entry, step, isVisible) {
  const at = entry - start;
  const boxes = [];
  for (let box = at ? ends[at - 1] : 0; box < ends[at]; box++) {
    if (level[box] >> 1 < step || !isVisible(code[box])) continue;
    const [left, top, right, bottom] = xyxy.subarray(box * 4, box * 4 + 4);
    boxes.push({
      code: code[box],
      confidence: ((level[box] + 1) >> 1) / 100,
      isPlaced: left !== NOWHERE,
      shape: shapes && shapeOf(shapes, box),
      left: Math.min(left, right) / UNIT,
      top: Math.min(top, bottom) / UNIT,
      right: Math.max(left, right) / UNIT,
      bottom: Math.max(top, bottom) / UNIT,
    });
  }
  return boxes;
}

function shapeOf({ kind, edges, ends, xy, breaks }, box) {
  const [first, stop] = [box ? ends[box - 1] : 0, ends[box]];
  return { kind, edges, xy: xy.subarray(first * 2, stop * 2), breaks: breaks.subarray(first, stop) };
}
