// A number for each class, typed where its boxes do not matter: nothing of it needs to be marked then.

import { element, swatch } from "../../../web/elements.js";

const MAX_COUNT = 100_000;

export class Numbers {
  inputs = [];
  isChanged = false;

  // `onChange(codes)` with the classes that have a number.
  constructor(root, button, { onChange }) {
    Object.assign(this, { root, button, onChange });
    button.onclick = () => this.open(root.hidden);
  }

  fill(classes) {
    this.inputs = classes.map(({ name }) => {
      const input = element("input", "", { type: "number", min: 0, max: MAX_COUNT, step: 1, inputmode: "numeric", placeholder: "boxes", "aria-label": `Number of ${name}` });
      input.oninput = () => this.change();
      return input;
    });
    const labels = classes.map(({ name, color }, code) => {
      const label = element("label");
      label.append(swatch(color), element("span", name), this.inputs[code]);
      return label;
    });
    this.root.querySelector(".fields").replaceChildren(...labels);
  }

  // Show the numbers of a frame; the fields stay open from frame to frame.
  show(counts) {
    const hadFocus = this.hasFocus;
    this.inputs.forEach((input, code) => (input.value = counts.find((one) => one.code === code)?.count ?? ""));
    this.isChanged = false;
    if (counts.length) this.open(true, false);
    if (hadFocus) this.inputs[0]?.focus({ preventScroll: true });
    this.onChange(this.typed);
  }

  open(isOpen, withFocus = true) {
    this.root.hidden = !isOpen;
    this.button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen && withFocus) this.inputs[0]?.focus({ preventScroll: true });
    if (isOpen || !this.typed.length) return;
    this.inputs.forEach((input) => (input.value = ""));
    this.change();
  }

  change() {
    this.isChanged = true;
    this.onChange(this.typed);
  }

  get hasFocus() {
    return this.inputs.includes(this.root.getRootNode().activeElement);
  }

  // Whether each number can be kept; the browser says what is wrong otherwise.
  check() {
    return this.root.hidden || this.inputs.every((input) => input.reportValidity());
  }

  // What the server keeps.
  get counts() {
    return this.typed.map((code) => ({ code, count: Number(this.inputs[code].value) }));
  }

  get typed() {
    return this.inputs.flatMap((input, code) => (input.value === "" ? [] : [code]));
  }
}
