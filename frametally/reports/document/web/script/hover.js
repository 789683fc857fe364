// What the chart shows at a point of time, beside the pointer.
import { amount, clock } from "./texts.js";

function row(name, color, text) {
  const line = document.createElement("div");
  const swatch = document.createElement("i");
  const label = document.createElement("span");
  const value = document.createElement("b");
  swatch.style.background = color;
  label.textContent = name;
  value.textContent = text;
  line.append(swatch, label, value);
  return line;
}

export class Hover {
  constructor(element) {
    this.element = element;
    this.box = document.createElement("div");
    this.box.className = "hover";
    this.box.hidden = true;
    this.line = document.createElement("div");
    this.line.className = "hover-line";
    this.line.hidden = true;
    element.append(this.line, this.box);
  }

  // rows: [name, color, value or null], value null: not analyzed.
  show(x, time, rows) {
    const title = document.createElement("strong");
    title.textContent = clock(time);
    const known = rows.filter(([, , value]) => value !== null);
    const texts = known.map(([name, color, value]) => row(name, color, amount(value, Number.isInteger(value) ? 0 : 2)));
    const note = document.createElement("span");
    note.textContent = "not analyzed";
    this.box.replaceChildren(title, ...(known.length || !rows.length ? texts : [note]));
    this.box.hidden = this.line.hidden = false;
    const room = this.element.clientWidth - this.box.offsetWidth;
    this.box.style.left = `${Math.max(Math.min(x + 14 > room ? x - this.box.offsetWidth - 14 : x + 14, room), 0)}px`;
    this.line.style.left = `${x}px`;
  }

  hide() {
    this.box.hidden = this.line.hidden = true;
  }
}
