// The list of classes, which is the legend of the chart and the filter of everything, and the threshold.

import { formatMean } from "../../../web/formatting.js";
import { drawSparkline, sparkline } from "./sparkline.js";

const MAX_CHOSEN = 8; // of a choice in which rare classes are drawn like the others

export class ClassList {
  // `onVisible(names)` when the choice changes (null: all), `onThreshold(value, isAtRest)` while the slider moves,
  // `onRare` when rare classes are shown or hidden, `onPeak(entry)` to go to a peak.
  constructor(root, { onVisible, onThreshold, onRare, onPeak }) {
    this.list = root.querySelector(".classes ul");
    this.slider = root.querySelector(".threshold input");
    this.output = root.querySelector(".threshold output");
    this.more = root.querySelector(".classes .more");
    this.classes = [];
    this.hidden = new Set();
    this.rare = new Set(); // codes
    this.isRareOpen = false;
    Object.assign(this, { onVisible, onThreshold, onPeak });
    this.slider.oninput = () => this.onThreshold(this.show(Number(this.slider.value) / 100), false);
    this.slider.onchange = () => this.onThreshold(Number(this.slider.value) / 100, true);
    root.querySelector(".classes .all").onclick = () => this.choose(null);
    this.more.onclick = () => {
      this.isRareOpen = !this.isRareOpen;
      this.setVisible(this.chosen);
      onRare();
    };
  }

  setClasses(classes, rare) {
    const key = JSON.stringify([classes, rare]);
    if (key === this.key) return;
    this.key = key;
    this.classes = classes;
    this.rare = new Set(rare);
    this.isRareOpen = false;
    this.rows = classes.map((one, code) => this.rowOf(one, code));
    const order = [...this.rows.keys()].sort((one, other) => this.rare.has(one) - this.rare.has(other) || one - other);
    this.list.replaceChildren(...order.map((code) => this.rows[code]));
  }

  rowOf({ name, color }, code) {
    const row = document.createElement("li");
    row.innerHTML = `<label><input type="checkbox"><i class="swatch"></i><span class="name"></span>
      <span class="mean" title="Mean detections per analyzed frame"></span></label>
      <button type="button" class="peak" hidden></button><button type="button" class="only">Only</button>`;
    row.querySelector(".name").textContent = name;
    row.querySelector(".name").title = name;
    row.querySelector(".swatch").style.background = color;
    row.querySelector(".mean").before(sparkline(color));
    const box = row.querySelector("input");
    box.style.accentColor = color;
    box.onchange = () => this.toggle(code);
    row.querySelector(".only").onclick = () => this.choose(this.isOnly(code) ? null : [name]);
    row.querySelector(".peak").onclick = () => this.onPeak(this.peaks.entry[code]);
    return row;
  }

  toggle(code) {
    if (!this.classes[code]) return;
    const { name } = this.classes[code];
    const shown = this.visible.includes(name)
      ? this.visible.filter((other) => other !== name)
      : this.classes.map((one) => one.name).filter((other) => other === name || this.visible.includes(other));
    this.choose(shown.length && shown.length < this.classes.length ? shown : null);
  }

  choose(names) {
    this.setVisible(names);
    this.onVisible(names);
  }

  // Show a choice of classes; null: all.
  setVisible(names) {
    this.chosen = names;
    this.hidden = new Set(names && this.classes.map((one) => one.name).filter((name) => !names.includes(name)));
    this.rows.forEach((row, code) => {
      const [isVisible, isOnly, { name }] = [this.isVisible(code), this.isOnly(code), this.classes[code]];
      row.querySelector("input").checked = isVisible;
      row.classList.toggle("off", !isVisible);
      row.hidden = this.rare.has(code) && !this.isRareOpen && !(names && isVisible && this.isSmall);
      const only = row.querySelector(".only");
      if (only.textContent !== (isOnly ? "All" : "Only")) only.textContent = isOnly ? "All" : "Only";
      only.setAttribute("aria-label", isOnly ? `All classes, not only ${name}` : `Only ${name}`);
    });
    this.more.hidden = !this.rare.size;
    this.more.textContent = this.isRareOpen ? `Hide ${this.rare.size} rare` : `+${this.rare.size} rare`;
    this.more.setAttribute("aria-expanded", this.isRareOpen);
  }

  get visible() {
    return this.classes.map(({ name }) => name).filter((name) => !this.hidden.has(name));
  }

  isVisible(code) {
    return !this.hidden.has(this.classes[code]?.name);
  }

  isOnly(code) {
    return this.chosen?.length === 1 && this.isVisible(code);
  }

  // Whether few classes are chosen.
  get isSmall() {
    return Boolean(this.chosen) && this.chosen.length <= MAX_CHOSEN;
  }

  // Whether the chart draws a class: a rare one only if it was asked for.
  isDrawn(code) {
    return this.isVisible(code) && (!this.rare.has(code) || this.isRareOpen || this.isSmall);
  }

  setThreshold(value) {
    if (Math.round(value * 100) !== Number(this.slider.value)) this.slider.value = Math.round(value * 100);
    this.show(value);
  }

  show(value) {
    this.output.textContent = value.toFixed(2);
    return value;
  }

  // Show the mean of each class and its course over time; without counts, nothing.
  setMeans(meanOf, valuesOf) {
    this.rows.forEach((row, code) => {
      if (row.hidden) return;
      row.querySelector(".mean").textContent = meanOf ? formatMean(meanOf(code)) : "";
      drawSparkline(row.querySelector(".spark"), valuesOf?.(code));
    });
  }

  // Show the peak of each class as the way to its moment; null while they are computed.
  setPeaks(peaks) {
    this.peaks = peaks ?? this.peaks;
    this.list.classList.toggle("stale", !peaks);
    if (!peaks) return;
    this.rows.forEach((row, code) => {
      const button = row.querySelector(".peak");
      const [count, { name }] = [peaks.peak[code], this.classes[code]];
      button.hidden = !count;
      button.textContent = `peak ${count.toLocaleString("en-US")} ▸`;
      button.setAttribute("aria-label", `Peak of ${name}: ${count}. Go to this frame`);
    });
  }
}
