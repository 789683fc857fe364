// What pointers do on the layer: place the points of a new line or zone, drag points and whole shapes.

import { distance, inside, isZone, moved, pointsOf, withPoints } from "./geometry.js";

const CLICK_PX = 6; // a longer move is a drag
const CLOSE_PX = 14; // from the first point of a zone
const CLOSE_TOUCH_PX = 24;

export class Pointer {
  drag = null;

  constructor(editor) {
    this.editor = editor;
    const { svg } = editor.layer;
    svg.onpointerdown = (event) => this.press(event);
    svg.onpointermove = (event) => this.move(event);
    svg.onpointerup = (event) => this.release(event);
    svg.onpointercancel = () => this.cancel();
    svg.ondblclick = (event) => this.doubleClick(event);
    svg.onpointerleave = () => editor.draft.point(null);
    svg.onclick = (event) => event.stopPropagation(); // the picture below does not play
  }

  press(event) {
    if (event.button || this.drag) return;
    event.stopPropagation();
    event.preventDefault(); // else the text of the page is selected, and the focus is lost
    const { editor } = this;
    const at = editor.layer.pointOf(event);
    editor.layer.svg.setPointerCapture(event.pointerId);
    this.drag = { id: event.pointerId, from: at, place: [event.clientX, event.clientY], isMoved: false };
    if (editor.mode !== "select") return this.pressDraft(at, event);
    const { id, point, between } = event.target.closest("[data-id]")?.dataset ?? {};
    if (!id) return;
    editor.select(id, point);
    Object.assign(this.drag, { shape: editor.set.find(id), point: point && Number(point), between: between && Number(between) });
  }

  pressDraft(at, event) {
    const { draft, layer } = this.editor;
    layer.svg.focus({ preventScroll: true }); // for Enter and Escape
    const reachPx = event.pointerType === "touch" ? CLOSE_TOUCH_PX : CLOSE_PX;
    this.drag.isNew = true;
    if (draft.kind === "zone" && draft.points.length >= 3 && this.isNear(draft.points[0], event, reachPx)) {
      this.drag = null;
      return draft.close();
    }
    draft.add(inside(at));
  }

  isNear(point, event, reachPx) {
    const box = this.editor.layer.svg.getBoundingClientRect();
    return distance(this.editor.layer.at(point), [event.clientX - box.left, event.clientY - box.top]) < reachPx;
  }

  move(event) {
    const { editor, drag } = this;
    const at = editor.layer.pointOf(event);
    if (!drag || drag.id !== event.pointerId) return editor.draft.point(inside(at));
    if (!drag.isMoved && distance(drag.place, [event.clientX, event.clientY]) < CLICK_PX) return;
    drag.isMoved = true;
    if (drag.isNew) return editor.draft.point(inside(at));
    if (drag.shape) editor.set.preview(dragged(drag, at));
  }

  // A line may also be drawn in one move.
  release(event) {
    const { editor, drag } = this;
    if (!drag || drag.id !== event.pointerId) return;
    this.drag = null;
    if (drag.isNew && drag.isMoved && editor.draft.kind === "line" && editor.draft.points.length === 1) {
      editor.draft.add(inside(editor.layer.pointOf(event)));
    }
    editor.set.commit();
  }

  cancel() {
    this.drag = null;
    this.editor.set.cancel();
  }

  doubleClick(event) {
    event.stopPropagation();
    this.editor.draft.close();
  }
}

function dragged({ shape, point, between, from }, at) {
  const points = pointsOf(shape);
  const [dx, dy] = [at[0] - from[0], at[1] - from[1]];
  if (between !== undefined && isZone(shape)) return withPoints(shape, points.toSpliced(between + 1, 0, inside(at)));
  if (point === undefined) return withPoints(shape, moved(points, dx, dy));
  return withPoints(shape, points.with(point, inside([points[point][0] + dx, points[point][1] + dy])));
}
