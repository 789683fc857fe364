// The line or zone that is being drawn, point by point.

import { distance } from "./geometry.js";

const SAME = 0.006; // two points nearer than this are one, e.g. those of a double click

const COMPLETE = { line: 2, scale: 4 }; // points with which it is finished

export class Draft {
  kind = null; // "line", "zone", "scale"; null: nothing is being drawn
  points = [];
  pointer = null;

  // `onDone(kind, points)` is called with a complete one.
  constructor({ onDraw, onDone }) {
    Object.assign(this, { onDraw, onDone });
  }

  begin(kind) {
    Object.assign(this, { kind, points: [], pointer: null });
    this.onDraw();
  }

  get shown() {
    return this.kind && this.points.length ? { kind: this.kind, points: this.points, pointer: this.pointer } : null;
  }

  get canClose() {
    return this.kind === "zone" && this.points.length >= 3;
  }

  add(point) {
    if (!this.kind) return;
    const last = this.points.at(-1);
    if (!last || distance(last, point) > SAME) this.points = [...this.points, point];
    this.pointer = null;
    if (this.points.length === COMPLETE[this.kind]) return this.finish();
    this.onDraw();
  }

  point(pointer) {
    if (!this.shown) return;
    this.pointer = pointer;
    this.onDraw();
  }

  close() {
    if (this.canClose) this.finish();
  }

  // The last point is taken back; returns whether there was one.
  back() {
    if (!this.points.length) return false;
    this.points = this.points.slice(0, -1);
    this.onDraw();
    return true;
  }

  finish() {
    const { kind, points } = this;
    this.begin(null);
    this.onDone(kind, points);
  }
}
