// The timeline: a click anywhere moves the playhead, as does dragging it; another drag zooms, a double click zooms out.

import { formatTime } from "../../../web/formatting.js";
import { formatClock } from "./clock.js";
import { Hover } from "./hover.js";
import { Plot } from "./plot.js";

const MAX_CLICK_PX = 4; // a longer move is a drag
const HANDLE_PX = 10;
const NOTE_PX = 7; // half the width of the mark of a note

export class Timeline {
  // `onPress(seconds)` when a click or a drag begins, `onScrub(seconds)` while the playhead is dragged, `onPick(seconds)`
  // at a click or at the end of the drag, `onZoom([from, to])` at the end of another drag, `onZoom(null)` at a double
  // click; `onFit` at another width.
  // `pictureOf(seconds)`: the address of a small picture of that moment.
  constructor(root, { onPress, onScrub, onPick, onZoom, onFit, pictureOf }) {
    this.root = root;
    this.surface = root.querySelector(".surface");
    this.playhead = root.querySelector(".playhead");
    this.selection = root.querySelector(".selection");
    this.hover = new Hover(root, pictureOf);
    this.plot = new Plot(root.querySelector(".plot"));
    Object.assign(this, { onPress, onScrub, onPick, onZoom, onFit });
    this.seconds = 0;
    this.drag = null;
    const { surface } = this;
    surface.onpointerdown = (event) => this.press(event);
    surface.onpointermove = (event) => this.move(event);
    surface.onpointerup = (event) => this.release(event);
    surface.onpointercancel = () => this.endDrag();
    surface.onpointerleave = () => this.hover.hide();
    surface.ondblclick = () => this.onZoom(null);
    this.fitting = new ResizeObserver(() => this.resize());
    this.fitting.observe(root);
  }

  // Draw a figure (see `Plot.show`); `clock` is null where the axis shows mm:ss.
  show(figure, shown, { classes, notes, clock }) {
    Object.assign(this, { classes, notes, clock });
    this.plot.show(figure, shown);
    this.width = this.root.clientWidth;
    this.place();
  }

  // Not before the first time, which waits for the picture.
  resize() {
    if (this.width === undefined || this.width === this.root.clientWidth) return;
    this.onFit();
  }

  textOf(seconds) {
    return this.clock ? `${formatClock(this.clock, seconds)} · ${formatTime(seconds)}` : formatTime(seconds);
  }

  // Place the surface over the plot, and the playhead.
  place() {
    if (!this.plot.isDrawn) return;
    const { left, width, top, height } = this.plot.area;
    Object.assign(this.surface.style, { left: `${left}px`, width: `${width}px`, top: `${top}px`, height: `${height}px` });
    Object.assign(this.playhead.style, { top: `${top}px`, height: `${height}px` });
    this.moveTo(this.seconds);
  }

  moveTo(seconds) {
    this.seconds = seconds;
    this.surface.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.surface.setAttribute("aria-valuetext", this.textOf(seconds));
    if (!this.plot.isDrawn) return;
    const [first, last] = this.plot.range;
    this.playhead.hidden = seconds < first || seconds > last;
    this.playhead.style.transform = `translateX(${this.plot.xOf(seconds)}px)`;
  }

  // Pixels from the left and upper edge of the root.
  placeOf({ clientX, clientY }) {
    const { left, top } = this.root.getBoundingClientRect();
    return [clientX - left, clientY - top];
  }

  press(event) {
    if (!event.isPrimary || event.button !== 0 || !this.plot.isDrawn) return;
    const [x] = this.placeOf(event);
    const isOnPlayhead = Math.abs(x - this.plot.xOf(this.seconds)) <= HANDLE_PX;
    this.drag = { x, scrubs: isOnPlayhead || event.pointerType === "touch", isMoved: false };
    this.surface.setPointerCapture(event.pointerId);
    this.onPress(this.clamped(x));
  }

  move(event) {
    if (!this.plot.isDrawn) return;
    const [x, y] = this.placeOf(event);
    if (!this.drag) return this.showHover(x, y);
    this.drag.isMoved ||= Math.abs(x - this.drag.x) > MAX_CLICK_PX;
    if (!this.drag.isMoved) return;
    this.hover.hide();
    if (this.drag.scrubs) this.onScrub(this.clamped(x));
    else this.select(this.drag.x, x);
  }

  release(event) {
    const { drag } = this;
    if (!drag) return;
    const [x] = this.placeOf(event);
    this.endDrag();
    if (drag.isMoved && !drag.scrubs) return this.onZoom([this.clamped(drag.x), this.clamped(x)].sort((a, b) => a - b));
    this.onPick(this.clamped(x));
  }

  endDrag() {
    this.drag = null;
    this.selection.hidden = true;
  }

  clamped(x) {
    const { left, width } = this.plot.area;
    return this.plot.secondsAt(Math.min(Math.max(x, left), left + width));
  }

  select(from, to) {
    const { left, width, top, height } = this.plot.area;
    const [first, last] = [from, to].map((x) => Math.min(Math.max(x, left), left + width)).sort((a, b) => a - b);
    this.selection.hidden = false;
    Object.assign(this.selection.style, {
      left: `${first}px`,
      width: `${last - first}px`,
      top: `${top}px`,
      height: `${height}px`,
    });
  }

  // All classes at the time that is pointed at, and the notes whose marks are there.
  showHover(x, y) {
    const seconds = this.clamped(x);
    const { isDrawn } = this.plot.shown;
    const drawn = this.classes.map((one, code) => ({ ...one, code })).filter(({ code }) => isDrawn(code));
    const rows = drawn.map((one) => ({ ...one, value: this.plot.valueAt(one.code, seconds), corrected: this.plot.correctedAt(one.code, seconds) }));
    const noted = this.notes.filter((note) => Math.abs(this.plot.xOf(note.time_s) - x) <= NOTE_PX);
    const texts = noted.map(({ text }) => text);
    this.hover.show([x, y], seconds, { title: this.textOf(seconds), texts, rows }, this.plot.area);
  }

  close() {
    this.fitting.disconnect();
    this.hover.close();
    this.plot.close();
  }
}
