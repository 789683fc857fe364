// The bar below the picture: what to draw, undo, and what is known of the selected shape.

import { isZone, withPoints } from "./geometry.js";
import { GROUND } from "./region_set.js";

const HINTS = {
  select: "Draw a line or a zone on the picture.",
  empty: "Choose Line or Zone, then click on the picture.",
  line: "Click where the line begins, then where it ends.",
  zone: "Click the corners; close with a double click, Enter or the first corner.",
  scale: "Click the corners of a rectangle on the ground, in order around it.",
  ground: "Drag a point to move it. Arrow keys move by 1 px.",
  drag: "Drag to move it, drag a point to change it. Arrow keys move by 1 px.",
};

const MAX_NAME = 60;

export class Bar {
  constructor(root, editor) {
    this.root = root;
    this.editor = editor;
    const find = (name) => root.querySelector(`.${name}`);
    for (const mode of ["select", "line", "zone"]) find(mode).onclick = (event) => this.choose(mode, event);
    find("remove").onclick = () => editor.remove(editor.selected);
    find("undo").onclick = () => editor.undo();
    find("redo").onclick = () => editor.set.redo();
    find("done").onclick = () => editor.draft.close();
    find("reverse").onclick = () => this.reverse();
    this.name = find("name");
    this.color = find("color");
    this.anchor = find("anchor");
    this.name.onchange = () => this.rename(this.name.value.trim().slice(0, MAX_NAME));
    this.color.onchange = () => this.apply({ color: this.color.value });
    this.anchor.onchange = () => this.apply({ anchor: this.anchor.value });
    this.name.onkeydown = (event) => event.key === "Enter" && this.name.blur();
  }

  // With a key, a shape appears in the middle of the picture; its points are then moved with keys, too.
  choose(mode, { detail }) {
    if (mode !== "select" && detail === 0) this.editor.insert(mode);
    else this.editor.setMode(this.editor.mode === mode ? "select" : mode);
  }

  // The selected line or zone.
  get shape() {
    const { set, selected } = this.editor;
    return selected === GROUND ? null : set.find(selected);
  }

  apply(change) {
    const { shape, editor } = this;
    if (shape) editor.set.change({ ...shape, ...change });
  }

  // Names are what tables and exports have, so no two are the same.
  rename(wanted) {
    const { shape, editor } = this;
    if (!shape || !wanted) return;
    const taken = editor.set.shapes.filter((one) => one !== shape).map(({ name }) => name);
    let name = wanted;
    for (let number = 2; taken.includes(name); number++) name = `${wanted} ${number}`;
    this.apply({ name });
  }

  reverse() {
    const { shape, editor } = this;
    if (shape && !isZone(shape)) editor.set.change(withPoints(shape, [shape.end, shape.start]));
  }

  draw() {
    const { root, editor, shape } = this;
    const { set, draft, mode } = editor;
    for (const name of ["select", "line", "zone"]) root.querySelector(`.${name}`).setAttribute("aria-pressed", mode === name);
    for (const name of ["line", "zone"]) root.querySelector(`.${name}`).disabled = set.isFull;
    root.querySelector(".remove").disabled = !editor.selected;
    root.querySelector(".undo").disabled = !set.past.length && !draft.shown;
    root.querySelector(".redo").disabled = !set.future.length;
    root.querySelector(".done").hidden = !draft.canClose;
    root.querySelector(".properties").hidden = !shape;
    root.querySelector(".reverse").hidden = !shape || isZone(shape);
    root.querySelector(".hint").textContent = this.hint;
    root.querySelector(".hint").hidden = Boolean(shape);
    if (!shape) return;
    if (this.name.getRootNode().activeElement !== this.name) this.name.value = shape.name;
    this.color.value = shape.color;
    this.anchor.value = shape.anchor;
  }

  get hint() {
    const { mode, set, selected } = this.editor;
    if (selected === GROUND) return HINTS.ground;
    return mode === "select" && !set.shapes.length ? HINTS.empty : HINTS[mode];
  }
}
