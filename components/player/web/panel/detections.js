// The detections of the current frame as a list; pointing at one marks its box, and the other way round.

import { plural } from "../../../web/formatting.js";

const MAX_ROWS = 200;

export class Detections {
  // `onPoint(index)` when a row is pointed at, -1 when none is; `onChoose(index)` when one is activated.
  constructor(root, { onPoint, onChoose }) {
    this.box = root.querySelector(".detections");
    this.title = root.querySelector(".detections summary");
    this.list = root.querySelector(".detections ul");
    Object.assign(this, { onPoint, onChoose });
    this.list.onpointerleave = () => this.onPoint(-1);
  }

  show(boxes, classes) {
    const key = JSON.stringify([boxes.map(({ shape, ...box }) => box), classes]);
    if (key === this.key) return;
    this.key = key;
    this.title.textContent = `In this frame: ${plural(boxes.length, "detection")}`;
    const order = boxes.map((_, at) => at).sort((one, other) => boxes[other].confidence - boxes[one].confidence);
    this.rows = new Map(order.slice(0, MAX_ROWS).map((at) => [at, this.rowOf(boxes[at], at, classes)]));
    this.list.replaceChildren(...Array.from(this.rows.values(), (row) => row.parentElement));
  }

  rowOf({ code, confidence }, at, classes) {
    const row = Object.assign(document.createElement("button"), { type: "button", className: "row" });
    const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
    swatch.style.background = classes[code].color;
    const name = Object.assign(document.createElement("span"), { className: "name", textContent: classes[code].name });
    row.append(swatch, name, confidence.toFixed(2));
    row.setAttribute("aria-pressed", false);
    row.title = "Mark the box; again to zoom to it";
    row.onpointerenter = () => this.onPoint(at);
    row.onfocus = () => this.onPoint(row.matches(":focus-visible") ? at : -1);
    row.onblur = () => this.onPoint(-1);
    row.onclick = () => this.onChoose(at);
    document.createElement("li").append(row);
    return row;
  }

  mark(at) {
    this.rows?.forEach((row, of) => row.classList.toggle("marked", of === at));
  }

  // Show which one is chosen, within the list: the page does not scroll.
  choose(at) {
    this.rows?.forEach((row, of) => row.setAttribute("aria-pressed", of === at));
    const row = this.rows?.get(at);
    if (!row) return;
    const [outer, inner] = [this.box.getBoundingClientRect(), row.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) this.box.scrollTop += inner.top - outer.top - outer.height / 2;
  }
}
