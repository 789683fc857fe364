// What can be chosen above the chart: its kind, the duration of a point, mm:ss or time of day.

import { StartDialog } from "./start_dialog.js";

const KINDS = { lines: "Lines", stacked: "Stacked", heat: "Heat" };

export class Options {
  // `onChange({chart | bucket_s | clock | start | withCorrected})`: what the user has chosen.
  constructor(root, dialog, onChange) {
    this.kinds = root.querySelector(".kinds");
    this.bucket = root.querySelector(".bucket select");
    this.clock = root.querySelector(".clock select");
    this.start = root.querySelector(".start");
    this.corrected = root.querySelector(".corrected");
    this.corrected.onclick = () => onChange({ withCorrected: this.corrected.getAttribute("aria-pressed") !== "true" });
    this.meaning = root.querySelector(".meaning");
    this.onChange = onChange;
    this.dialog = new StartDialog(dialog, {
      onStart: (start) => onChange({ start, clock: Boolean(start || this.meta.clock) }),
      onCancel: () => (this.clock.value = this.isClock ? "clock" : ""),
    });
    this.bucket.onchange = () => onChange({ bucket_s: Number(this.bucket.value) || null });
    this.clock.onchange = () => {
      if (this.clock.value && !this.meta.clock) this.dialog.open(null, false);
      else onChange({ clock: Boolean(this.clock.value) });
    };
    this.start.onclick = () => this.dialog.open(this.meta.clock, this.isTyped);
  }

  // Show what is chosen; `words` says what the chart means.
  show(meta, { kind, bucketS, withClock, isTyped, words }) {
    Object.assign(this, { meta, isClock: withClock, isTyped });
    this.setKinds(Object.keys(meta.kinds), kind);
    this.setBuckets(meta.buckets, bucketS);
    this.clock.value = withClock ? "clock" : "";
    this.start.hidden = !withClock;
    this.meaning.textContent = words;
  }

  showCorrected(isOffered, isOn) {
    this.corrected.hidden = !isOffered;
    this.corrected.setAttribute("aria-pressed", String(isOn));
  }

  setKinds(kinds, chosen) {
    if (kinds.join() !== this.kindsKey) {
      this.kindsKey = kinds.join();
      this.kinds.replaceChildren(...kinds.map((kind) => this.button(kind)));
      this.kinds.hidden = kinds.length < 2;
    }
    for (const button of this.kinds.children) button.setAttribute("aria-pressed", button.dataset.kind === chosen);
  }

  button(kind) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: KINDS[kind] });
    button.dataset.kind = kind;
    button.onclick = () => this.onChange({ chart: kind });
    return button;
  }

  setBuckets(buckets, chosen) {
    const key = JSON.stringify(buckets);
    if (key !== this.bucketsKey) {
      this.bucketsKey = key;
      this.bucket.replaceChildren(new Option("auto", ""), ...buckets.map(([size, label]) => new Option(label, size)));
      this.bucket.parentElement.hidden = !buckets.length;
    }
    this.bucket.value = chosen ?? "";
  }
}
