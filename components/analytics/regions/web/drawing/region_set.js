// The lines and zones that are being edited, with undo. Every change replaces the whole set, which is plain JSON.

import { isPoint, isZone, pointsOf, withPoints } from "./geometry.js";

const MAX_STEPS = 100;
const MAX_SHAPES = 40;
const COLORS = ["#2563eb", "#d97706", "#7c3aed", "#059669", "#db2777", "#0891b2", "#dc2626", "#65a30d"];
export const GROUND = "#ground"; // id of the four points of known distance; no shape of a set can have it
export const EMPTY = { version: 1, camera: "", size: null, lines: [], zones: [], scale: null, rules: [] };

// What files may leave out; as in `frametally/regions/shapes.py`.
const LINE = { color: COLORS[0], anchor: "bottom_center", hysteresis_px: 4 };
const ZONE = { color: COLORS[1], anchor: "bottom_center", bridged_gap_s: 1 };
const RULE = { classes: [], for_s: 0, hysteresis: 0, cooldown_s: 0 };
export const SCALE = { diagonal_m: null, unit: "km/h" };

export class RegionSet {
  past = [];
  future = [];
  value = EMPTY;

  // `onChange(set)` is called after each change that is complete, `onDraw()` also during a drag.
  constructor({ onChange, onDraw }) {
    Object.assign(this, { onChange, onDraw });
  }

  // Another set: there is nothing to undo in it.
  open(value) {
    Object.assign(this, { value: completed(value), past: [], future: [], before: null });
    this.onDraw();
  }

  get shapes() {
    return [...this.value.lines, ...this.value.zones];
  }

  get isFull() {
    return this.shapes.length >= MAX_SHAPES;
  }

  find(id) {
    if (id === GROUND) return this.ground;
    return this.shapes.find((shape) => shape.id === id) ?? null;
  }

  // The four points of known distance like a shape that can be edited.
  get ground() {
    const { scale } = this.value;
    return scale && { id: GROUND, name: "the ground", points: scale.points };
  }

  // Show a change that is not complete yet.
  preview(shape) {
    if (isPoint(shape)) return;
    this.before ??= this.value;
    this.value = replaced(this.value, shape);
    this.onDraw();
  }

  // The change that was shown is complete; `commit` without one does nothing.
  commit() {
    if (!this.before) return;
    const { before } = this;
    this.before = null;
    if (JSON.stringify(before) !== JSON.stringify(this.value)) this.remember(before);
  }

  // Take back the change that is not complete.
  cancel() {
    if (!this.before) return;
    this.value = this.before;
    this.before = null;
    this.onDraw();
  }

  change(shape) {
    this.set(replaced(this.value, shape));
  }

  set(value) {
    this.commit();
    const before = this.value;
    this.value = value;
    this.remember(before);
  }

  // A new line (two points) or zone; returns it.
  add(kind, points) {
    const list = kind === "line" ? this.value.lines : this.value.zones;
    const common = { id: this.freeId(kind[0]), name: this.freeName(kind), color: this.freeColor() };
    const own = kind === "line" ? { ...LINE, start: points[0], end: points[1] } : { ...ZONE, points };
    const shape = withPoints({ ...own, ...common }, points);
    this.set({ ...this.value, [`${kind}s`]: [...list, shape] });
    return shape;
  }

  // Rules of a zone go with it.
  remove(id) {
    if (id === GROUND) return this.set({ ...this.value, scale: null });
    const without = (list) => list.filter((shape) => shape.id !== id);
    const { lines, zones, rules } = this.value;
    const left = rules.filter((rule) => rule.zone !== id);
    this.set({ ...this.value, lines: without(lines), zones: without(zones), rules: left });
  }

  undo() {
    this.commit();
    if (!this.past.length) return;
    this.future.push(this.value);
    this.value = this.past.pop();
    this.tell();
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.value);
    this.value = this.future.pop();
    this.tell();
  }

  remember(before) {
    this.past = [...this.past, before].slice(-MAX_STEPS);
    this.future = [];
    this.tell();
  }

  tell() {
    this.onDraw();
    this.onChange(this.value);
  }

  freeId(letter) {
    for (let number = 1; ; number++) if (!this.find(letter + number)) return letter + number;
  }

  freeName(kind) {
    const names = this.shapes.map(({ name }) => name);
    const word = kind === "line" ? "Line" : "Zone";
    for (let number = 1; ; number++) if (!names.includes(`${word} ${number}`)) return `${word} ${number}`;
  }

  freeColor() {
    const used = this.shapes.map(({ color }) => color);
    return COLORS.find((color) => !used.includes(color)) ?? COLORS[used.length % COLORS.length];
  }
}

// A set with all that its form may leave out.
export function completed(value) {
  const set = { ...EMPTY, ...value };
  const filled = (list, usual) => list.map((one) => ({ ...usual, ...one }));
  const scale = set.scale && { ...SCALE, ...set.scale };
  return { ...set, lines: filled(set.lines, LINE), zones: filled(set.zones, ZONE), rules: filled(set.rules, RULE), scale };
}

// Without one of its points; a zone keeps three, a line both.
export function withoutPoint(shape, at) {
  const points = pointsOf(shape);
  if (!isZone(shape) || shape.id === GROUND || points.length <= 3) return null;
  return withPoints(shape, points.toSpliced(at, 1));
}

function replaced(value, shape) {
  if (shape.id === GROUND) return { ...value, scale: { ...value.scale, points: shape.points } };
  const list = isZone(shape) ? "zones" : "lines";
  return { ...value, [list]: value[list].map((one) => (one.id === shape.id ? shape : one)) };
}
