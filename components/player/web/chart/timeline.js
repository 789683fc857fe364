// The timeline: a click anywhere moves the playhead, as does dragging it; another drag zooms, a double click zooms out.

import { formatMean, formatTime } from "../formatting.js";
import { Plot } from "./plot.js";
import { upperBound } from "../data/times.js";

const MAX_CLICK_PX = 4; // a longer move is a drag
const HANDLE_PX = 10;

export class Timeline {
  // `onScrub(seconds)` while the playhead is dragged, `onPick(seconds)` at a click or at the end of the drag,
  // `onZoom([from, to])` at the end of another drag, `onZoom(null)` at a double click.
  constructor(root, { onScrub, onPick, onZoom }) {
    this.root = root;
    this.surface = root.querySelector(".surface");
    this.playhead = root.querySelector(".playhead");
    this.selection = root.querySelector(".selection");
    this.hover = root.querySelector(".hover");
    this.plot = new Plot(root.querySelector(".plot"));
    Object.assign(this, { onScrub, onPick, onZoom });
    this.seconds = 0;
    this.drag = null;
    const { surface } = this;
    surface.onpointerdown = (event) => this.press(event);
    surface.onpointermove = (event) => this.move(event);
    surface.onpointerup = (event) => this.release(event);
    surface.onpointercancel = () => this.endDrag();
    surface.onpointerleave = () => (this.hover.hidden = true);
    surface.ondblclick = () => this.onZoom(null);
    this.fitting = new ResizeObserver(() => this.resize());
    this.fitting.observe(root);
  }

  async draw(figure, address, classes) {
    this.classes = classes;
    if (!(await this.plot.draw(figure, address))) return;
    this.width = this.root.clientWidth;
    this.place();
  }

  resize() {
    if (!this.plot.isDrawn || this.width === this.root.clientWidth) return;
    this.width = this.root.clientWidth;
    this.plot.resize();
    this.place();
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
    this.surface.setAttribute("aria-valuetext", formatTime(seconds));
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
  }

  move(event) {
    if (!this.plot.isDrawn) return;
    const [x, y] = this.placeOf(event);
    if (!this.drag) return this.showHover(x, y);
    this.drag.isMoved ||= Math.abs(x - this.drag.x) > MAX_CLICK_PX;
    if (!this.drag.isMoved) return;
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

  // All classes at the time that is pointed at.
  showHover(x, y) {
    const seconds = this.clamped(x);
    const rows = this.plot.data
      .filter((trace) => trace.meta?.code !== undefined && !trace.meta.isBand && trace.visible !== false)
      .map((trace) => ({ ...this.classes[trace.meta.code], value: valueAt(trace, seconds) }))
      .sort((one, other) => (other.value ?? -1) - (one.value ?? -1));
    const title = document.createElement("b");
    title.textContent = formatTime(seconds);
    this.hover.replaceChildren(title, ...rows.slice(0, 12).map(rowOf));
    this.hover.hidden = false;
    const { offsetWidth, offsetHeight } = this.hover;
    const left = x + 14 + offsetWidth > this.root.clientWidth ? x - 14 - offsetWidth : x + 14;
    this.hover.style.transform = `translate(${Math.max(left, 0)}px, ${Math.max(y - offsetHeight - 8, 0)}px)`;
  }

  close() {
    this.fitting.disconnect();
    this.plot.close();
  }
}

function valueAt(trace, seconds) {
  const after = upperBound(trace.x, seconds);
  const isStep = trace.line?.shape === "hv";
  const before = Math.max(after - 1, 0);
  const isAfterNearer = after < trace.x.length && trace.x[after] - seconds < seconds - trace.x[before];
  return trace.y[!isStep && isAfterNearer ? after : before] ?? null;
}

function rowOf({ name, color, value }) {
  const row = document.createElement("span");
  const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
  swatch.style.background = color;
  row.append(swatch, `${name} `, Object.assign(document.createElement("em"), { textContent: formatMean(value) }));
  return row;
}
