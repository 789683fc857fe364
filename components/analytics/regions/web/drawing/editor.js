// The drawing tool on the player's picture: lines and zones are drawn, dragged and named in the browser alone.

import { Bar } from "./bar.js";
import { Draft } from "./draft.js";
import { Keys } from "./keys.js";
import { Layer } from "./layer.js";
import { Pointer } from "./pointer.js";
import { completed, GROUND, RegionSet, SCALE } from "./region_set.js";

const INSERTED = {
  line: [[0.3, 0.5], [0.7, 0.5]],
  zone: [[0.35, 0.35], [0.65, 0.35], [0.65, 0.65], [0.35, 0.65]],
  scale: [[0.35, 0.4], [0.65, 0.4], [0.75, 0.8], [0.25, 0.8]],
};

export class Editor {
  mode = "select";
  selected = null; // id
  labels = {}; // numbers on the picture by id

  // `player`: what the player offers (its `guests.js`); `parts`: style, svg and bar, which are put into it.
  // `onChange(set)` is called after each complete change.
  constructor(player, parts, onChange) {
    this.player = player;
    this.parts = parts;
    this.layer = new Layer(parts.svg, () => this.player.place());
    this.draft = new Draft({ onDraw: () => this.draw(), onDone: (kind, points) => this.add(kind, points) });
    this.set = new RegionSet({ onChange, onDraw: () => this.draw() });
    this.pointer = new Pointer(this);
    this.bar = new Bar(parts.bar, this);
    this.keys = new Keys(this, [parts.svg, parts.bar]);
    player.root.append(parts.style);
    player.stage.append(parts.svg);
    player.stage.after(parts.bar);
    this.onPlaced = () => this.draw();
    player.stage.addEventListener("placed", this.onPlaced);
    this.draw();
  }

  // The same player offers itself again, for example with another threshold: what is drawn and undone stays.
  adopt(player) {
    this.player = player;
    this.draw();
  }

  get size() {
    return this.player.size;
  }

  open(set) {
    this.selected = this.pointer.drag = null;
    this.setMode("select");
    this.set.open(set);
  }

  // Everything that is drawn by another set, which can be undone.
  replace(set) {
    this.selected = this.pointer.drag = null;
    this.setMode("select");
    this.set.set(completed(set));
  }

  setMode(mode) {
    this.mode = mode;
    if (mode !== "select") this.selected = null;
    this.draft.begin(mode === "select" ? null : mode);
  }

  select(id, point) {
    this.selected = id;
    this.draw();
    if (id) this.layer.focus(id, point);
  }

  add(kind, points) {
    if (kind === "scale") return this.addScale(points);
    const { id } = this.set.add(kind, points);
    this.mode = "select";
    this.select(id);
  }

  // Four points on the ground; their distances are given below.
  addScale(points) {
    this.mode = "select";
    const { value } = this.set;
    this.set.set({ ...value, scale: { sides_m: [5, 5, 5, 5], ...SCALE, ...value.scale, points } });
  }

  // With a key: where the points are, or in the middle of the picture; they are then moved with keys.
  insertScale() {
    this.setMode("select");
    if (!this.set.value.scale) this.addScale(INSERTED.scale);
    this.select(GROUND, "0");
  }

  insert(kind) {
    this.setMode("select");
    const { id } = this.set.add(kind, INSERTED[kind]);
    this.select(id, "0");
  }

  remove(id) {
    if (!id) return;
    this.selected = null;
    this.set.remove(id);
    this.parts.bar.querySelector(".undo").focus({ preventScroll: true }); // the next step may be to take it back
  }

  undo() {
    if (!this.draft.back()) this.set.undo();
  }

  // First what is being dragged or drawn, then the tool, then the selection.
  escape() {
    if (this.pointer.drag) return this.pointer.cancel();
    if (this.draft.shown) return this.draft.begin(this.mode);
    if (this.mode !== "select") return this.setMode("select");
    this.select(null);
  }

  setLabels(labels) {
    this.labels = labels;
    this.draw();
  }

  draw() {
    if (!this.bar) return;
    if (this.selected && !this.set.find(this.selected)) this.selected = null;
    const { selected, labels, draft } = this;
    this.layer.svg.classList.toggle("drawing", this.mode !== "select");
    this.layer.draw(this.set.shapes, { selected, labels, draft: draft.shown, scale: this.set.value.scale, isEditing: this.mode === "select" });
    this.bar.draw();
  }

  close() {
    this.keys.close();
    this.player.stage.removeEventListener("placed", this.onPlaced);
    for (const node of Object.values(this.parts)) node.remove();
  }
}
