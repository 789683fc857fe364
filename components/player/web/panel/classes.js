// The list of classes, which is the legend of the chart and the filter of everything, and the threshold.

import { formatMean } from "../formatting.js";

export class ClassList {
  // `onVisible(names)` when the choice changes (null: all), `onThreshold(value, isAtRest)` while the slider moves.
  constructor(root, { onVisible, onThreshold }) {
    this.list = root.querySelector(".classes ul");
    this.slider = root.querySelector(".threshold input");
    this.output = root.querySelector(".threshold output");
    this.classes = [];
    this.hidden = new Set();
    Object.assign(this, { onVisible, onThreshold });
    this.slider.oninput = () => this.onThreshold(this.show(Number(this.slider.value) / 100), false);
    this.slider.onchange = () => this.onThreshold(Number(this.slider.value) / 100, true);
    root.querySelector(".classes .all").onclick = () => this.choose(null);
  }

  setClasses(classes) {
    const key = JSON.stringify(classes);
    if (key === this.key) return;
    this.key = key;
    this.classes = classes;
    this.rows = classes.map((one, code) => this.rowOf(one, code));
    this.list.replaceChildren(...this.rows);
  }

  rowOf({ name, color }, code) {
    const row = document.createElement("li");
    row.innerHTML = `<label><input type="checkbox"><i class="swatch"></i><span class="name"></span>
      <span class="mean" title="Mean detections per analyzed frame"></span></label>
      <button type="button" class="only">Only</button>`;
    row.querySelector(".name").textContent = name;
    row.querySelector(".name").title = name;
    row.querySelector(".swatch").style.background = color;
    const box = row.querySelector("input");
    box.style.accentColor = color;
    box.onchange = () => this.toggle(code);
    const only = row.querySelector(".only");
    only.setAttribute("aria-label", `Only ${name}`);
    only.onclick = () => this.choose([name]);
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
    this.hidden = new Set(names && this.classes.map((one) => one.name).filter((name) => !names.includes(name)));
    this.rows.forEach((row, code) => {
      const isVisible = this.isVisible(code);
      row.querySelector("input").checked = isVisible;
      row.classList.toggle("off", !isVisible);
    });
  }

  get visible() {
    return this.classes.map(({ name }) => name).filter((name) => !this.hidden.has(name));
  }

  isVisible(code) {
    return !this.hidden.has(this.classes[code]?.name);
  }

  setThreshold(value) {
    if (Math.round(value * 100) !== Number(this.slider.value)) this.slider.value = Math.round(value * 100);
    this.show(value);
  }

  show(value) {
    this.output.textContent = value.toFixed(2);
    return value;
  }

  // Show the mean of each class; without counts, nothing.
  setMeans(meanOf) {
    this.rows.forEach((row, code) => {
      row.querySelector(".mean").textContent = meanOf ? formatMean(meanOf(code)) : "";
    });
  }
}
