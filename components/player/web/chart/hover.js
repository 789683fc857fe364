// What is at the time that is pointed at: all classes, a picture of that moment, and the notes that are pinned to it.

import { formatMean } from "../../../web/formatting.js";
import { ExactFrames } from "../picture/exact.js";

const MAX_ROWS = 12;
const REST_MS = 60; // before a picture is requested
const GAP_PX = 14;

export class Hover {
  // `addressOf(seconds)`: the address of a small picture, null if there is none.
  constructor(root, addressOf) {
    this.root = root;
    this.box = root.querySelector(".hover");
    this.line = root.querySelector(".cross");
    this.picture = this.box.querySelector("img");
    this.rows = this.box.querySelector(".rows");
    this.frames = new ExactFrames();
    this.addressOf = addressOf;
  }

  show([x, y], seconds, { title, texts, rows }, { top, height }) {
    const head = Object.assign(document.createElement("b"), { textContent: title });
    const sorted = rows.sort((one, other) => (other.value ?? -1) - (one.value ?? -1));
    const notes = texts.map((text) => Object.assign(document.createElement("q"), { textContent: text }));
    const shown = sorted.slice(0, MAX_ROWS);
    const sources = new Set(shown.flatMap(({ corrected }) => corrected?.slice(1) ?? []));
    const footnotes = [...sources].map((source) => small(`Corrected by ${source}.`));
    this.rows.replaceChildren(head, ...notes, ...shown.flatMap(rowsOf), ...footnotes);
    this.box.hidden = this.line.hidden = false;
    Object.assign(this.line.style, { top: `${top}px`, height: `${height}px`, transform: `translateX(${x}px)` });
    this.want(this.addressOf(seconds));
    const { offsetWidth, offsetHeight } = this.box;
    const left = x + GAP_PX + offsetWidth > this.root.clientWidth ? x - GAP_PX - offsetWidth : x + GAP_PX;
    this.box.style.transform = `translate(${Math.max(left, 0)}px, ${y - offsetHeight - 8}px)`;
  }

  // Show the picture at this address: at once where the pointer has rested before, else when it rests. The newest one
  // wins, at most one is being loaded.
  want(address) {
    this.picture.hidden = !address;
    if (address === this.wanted) return;
    const hasRested = performance.now() - (this.wantedAt ?? -REST_MS) >= REST_MS;
    Object.assign(this, { wanted: address, wantedAt: performance.now() });
    this.picture.classList.add("old");
    clearTimeout(this.timer);
    this.frames.cancel();
    if (address && hasRested) this.load(address);
    else if (address) this.timer = setTimeout(() => this.load(address), REST_MS);
  }

  async load(address) {
    const url = await this.frames.get(address).catch(() => null);
    if (!url || this.wanted !== address) return;
    this.picture.src = url;
    await this.picture.decode().catch(() => {});
    if (this.wanted === address) this.picture.classList.remove("old");
  }

  hide() {
    this.box.hidden = this.line.hidden = true;
    this.wanted = null;
    clearTimeout(this.timer);
    this.frames.cancel();
  }

  close() {
    this.hide();
    this.frames.close();
  }
}

function rowsOf({ name, color, value, corrected }) {
  const row = document.createElement("span");
  const swatch = Object.assign(document.createElement("i"), { className: "swatch" });
  swatch.style.background = color;
  row.append(swatch, `${name} `, Object.assign(document.createElement("em"), { textContent: formatMean(value) }));
  return corrected ? [row, small(`corrected ${corrected[0]}`)] : [row];
}

function small(textContent) {
  return Object.assign(document.createElement("small"), { textContent });
}
