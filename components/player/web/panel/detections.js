// The detections of the current frame as a list; pointing at one marks its box, and the other way round.

import { plural } from "../formatting.js";

const MAX_ROWS = 200;

export class Detections {
  constructor(root, onPoint) {
    this.title = root.querySelector(".detections summary");
    this.list = root.querySelector(".detections ul");
    this.onPoint = onPoint;
    this.list.onpointerleave = () => this.onPoint(-1);
  }

  show(boxes, classes) {
    const key = JSON.stringify([boxes, classes]);
    if (key === this.key) return;
    this.key = key;
    this.title.textContent = `In this frame: ${plural(boxes.length, "detection")}`;
    const order = boxes.map((_, at) => at).sort((one, other) => boxes[other].confidence - boxes[one].confidence);
    this.rows = new Map(order.slice(0, MAX_ROWS).map((at) => [at, this.rowOf(boxes[at], at, classes)]));
    this.list.replaceChildren(...this.rows.values());
  }

  rowOf({ code, confidence }, at, classes) {
    const row = document.createElement("li");
    const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
    swatch.style.background = classes[code].color;
    const name = Object.assign(document.createElement("span"), { className: "name", textContent: classes[code].name });
    row.append(swatch, name, confidence.toFixed(2));
    row.onpointerenter = () => this.onPoint(at);
    return row;
  }

  mark(at) {
    this.rows?.forEach((row, of) => row.classList.toggle("marked", of === at));
  }
}
