// The keys of the drawing tool, while it has the focus: on the layer, a shape, a point, or a button of its bar.

import { inside, moved, pointsOf, withPoints } from "./geometry.js";
import { withoutPoint } from "./region_set.js";

const FAST_PX = 10;
const REST_MS = 400; // between two keys of one change
const COUNT_MS = 80; // after the last key; the server counts while the change may still go on
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Keys {
  constructor(editor, nodes) {
    this.editor = editor;
    for (const node of nodes) node.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    if (event.target.matches("input, select") || event.altKey) return;
    const act = event.ctrlKey || event.metaKey ? this.command(event) : this.action(event);
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  command({ key, shiftKey }) {
    const { editor, editor: { set } } = this;
    if (key.toLowerCase() === "z") return () => (shiftKey ? set.redo() : editor.undo());
    return key.toLowerCase() === "y" ? () => set.redo() : null;
  }

  action({ key, shiftKey, target }) {
    const { editor } = this;
    const { id, point } = target.closest("[data-id]")?.dataset ?? {};
    if (key === "Escape") return () => editor.escape();
    if (key === "Backspace" && editor.draft.shown) return () => editor.draft.back();
    if (key === "Enter" && editor.draft.canClose) return () => editor.draft.close();
    if (!id) return null;
    if (key in WAYS) return () => this.move(id, point, WAYS[key], shiftKey ? FAST_PX : 1);
    if (key === "Delete" || key === "Backspace") return () => this.remove(id, point);
    return key === "Enter" || key === " " ? () => editor.select(id, point) : null;
  }

  // By pixels of the picture. Several keys in a row are one change.
  move(id, point, [dx, dy], px) {
    const { editor } = this;
    const shape = editor.set.find(id);
    const [byX, byY] = [(dx * px) / editor.size[0], (dy * px) / editor.size[1]];
    const points = pointsOf(shape);
    const change = point === undefined
      ? moved(points, byX, byY)
      : points.with(point, inside([points[point][0] + byX, points[point][1] + byY]));
    editor.set.preview(withPoints(shape, change));
    this.wait(() => editor.set.commit());
  }

  wait(commit) {
    this.close();
    this.counting = setTimeout(() => this.editor.set.tell(), COUNT_MS);
    this.timer = setTimeout(commit, REST_MS);
  }

  // A point of a zone, or the whole shape.
  remove(id, point) {
    const { editor } = this;
    const smaller = point === undefined ? null : withoutPoint(editor.set.find(id), Number(point));
    if (smaller) return editor.set.change(smaller);
    editor.remove(id);
  }

  close() {
    clearTimeout(this.counting);
    clearTimeout(this.timer);
  }
}
