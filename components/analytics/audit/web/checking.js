// One frame after another: the picture, its keys and buttons, and how far one is.

import { Numbers } from "./numbers.js";
import { Picture } from "./picture.js";
import { formatCount, formatRange } from "./estimates.js";
import { formatTime, plural } from "../../../web/formatting.js";
import { element, swatch } from "../../../web/elements.js";

const OPEN = 0;
const AHEAD = 2; // frames that are fetched before they are needed
const KEYS = 9; // classes that have a key

export class Checking {
  report = null;
  states = new Map(); // by entry, with answers that are on their way
  waiting = 0; // answers that are on their way
  isExtending = false;
  isReviewing = false; // frames that have an answer are shown one after another
  at = null; // place of the frame that is shown

  constructor(root, { onReport, onFailure }) {
    Object.assign(this, { onReport, onFailure });
    const find = (selector) => root.querySelector(selector);
    [this.root, this.place, this.share, this.running, this.chips, this.answers] = [".check", ".place", ".share", ".running", ".classes", ".answers"].map(find);
    this.picture = new Picture(find(".picture"), { onChange: () => this.tell() });
    this.numbers = new Numbers(find(".numbers"), find(".type"), { onChange: (codes) => this.picture.ignore(codes) });
    find(".next").onclick = () => this.answer(false);
    find(".unsure").onclick = () => this.answer(true);
    find(".back").onclick = () => this.back();
    find(".add").onclick = () => this.picture.add();
    this.buttons = [".next", ".unsure", ".back"].map(find);
    this.root.addEventListener("keydown", (event) => this.press(event));
    this.onLeave = (event) => this.waiting && event.preventDefault();
    addEventListener("beforeunload", this.onLeave);
  }

  // Frames of a view, with its classes. A new address of the same view changes nothing that is seen.
  open(requests, data) {
    if (this.requests?.view === requests.view && this.at !== null) {
      Object.assign(this, { requests, data });
      return;
    }
    Object.assign(this, { requests, data, at: null, isExtending: false, isReviewing: false });
    this.states.clear();
    const [width, height] = data.size;
    this.root.style.setProperty("--ratio", width / height);
    this.fillClasses();
  }

  get isOpen() {
    return !this.root.hidden;
  }

  get entry() {
    return this.report.entries[this.at];
  }

  stateAt(place) {
    return this.states.get(this.report.entries[place]) ?? this.report.states[place];
  }

  show(report) {
    if (this.report?.begun_at !== report.begun_at) this.at = null; // another sample
    this.report = report;
    if (!this.data.can_check) return;
    if (this.at !== null) return this.tell();
    this.goTo(this.nextOpen(-1));
    if (this.isOpen && document.activeElement === document.body) this.picture.root.focus({ preventScroll: true });
  }

  // The first frame without an answer after this place, then from the beginning; null if all have one.
  nextOpen(after) {
    const stop = this.isExtending ? this.report.entries.length : this.report.planned;
    const places = [...Array(stop).keys()].filter((place) => this.stateAt(place) === OPEN);
    return places.find((place) => place > after) ?? places[0] ?? null;
  }

  extend() {
    Object.assign(this, { isExtending: true, isReviewing: false });
    this.goTo(this.nextOpen(-1));
    this.focus();
  }

  showEntry(entry) {
    const place = this.report.entries.indexOf(entry);
    if (place < 0 || !this.data.can_check) return;
    this.isReviewing = true;
    this.goTo(place);
    this.focus();
  }

  async goTo(place) {
    this.at = place;
    this.root.hidden = place === null;
    this.tell();
    if (place === null) return;
    const { entry, requests } = this;
    this.setBusy(true);
    try {
      const loaded = await requests.frame(entry);
      if (this.at !== place || requests.view !== this.requests.view) return;
      this.picture.show(loaded, this.data.classes);
      this.numbers.show(loaded.frame.counts);
      this.tellAnswers(loaded.frame.answers);
      this.picture.root.setAttribute("aria-label", `Frame at ${formatTime(loaded.frame.time_s)}, ${plural(loaded.frame.boxes.length, "box", "boxes")}`);
      this.picture.root.dataset.entry = entry;
      this.setBusy(false);
      this.prefetch();
    } catch (error) {
      if (this.at === place) this.onFailure(error, () => this.goTo(place));
    }
  }

  prefetch() {
    const { entries } = this.report;
    const open = [...entries.keys()].filter((place) => place > this.at && this.stateAt(place) === OPEN);
    open.slice(0, AHEAD).forEach((place) => this.requests.frame(entries[place]).catch(() => {})); // asked again when shown
  }

  // Keep the answer, and show the next frame at once.
  answer(isUnclear) {
    const { at, entry, picture, numbers } = this;
    if (this.isBusy || at === null || !(isUnclear || numbers.check())) return;
    const isNew = picture.isChanged || numbers.isChanged || this.stateAt(at) === OPEN || picture.frame.is_unclear !== isUnclear;
    const verdict = { ...picture.verdict(isUnclear), counts: isUnclear ? [] : numbers.counts };
    if (isNew) this.send(entry, verdict, isUnclear);
    const next = at + 1 < this.answered ? at + 1 : null;
    this.goTo(this.nextOpen(at) ?? (this.isReviewing ? next : null));
  }

  // How many frames have an answer.
  get answered() {
    return [...this.report.entries.keys()].filter((place) => this.stateAt(place) !== OPEN).length;
  }

  async send(entry, verdict, isUnclear) {
    const { requests } = this;
    this.states.set(entry, isUnclear ? 2 : 1);
    this.waiting += 1;
    try {
      const report = await requests.answer(entry, verdict);
      if (requests.view !== this.requests.view) return;
      if (this.waiting === 1) this.states.clear();
      this.onReport(report);
    } catch (error) {
      this.states.delete(entry);
      if (requests.view !== this.requests.view) return; // it would not fit what is shown now
      this.onFailure(new Error(`An answer was not saved. ${error.message}`), () => this.send(entry, verdict, isUnclear));
    } finally {
      this.waiting -= 1;
    }
  }

  back() {
    if (this.at > 0) this.goTo(this.at - 1);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.isBusy) return;
    if (event.target.closest("button:not(.box)") && [" ", "Enter"].includes(event.key)) return; // the button itself
    if (this.numbers.hasFocus ? !this.actInNumbers(event.key) : !this.picture.pressKey(event) && !this.act(event.key)) return;
    event.preventDefault();
  }

  // In a field, keys are for its number.
  actInNumbers(key) {
    if (key === "Enter") this.answer(false);
    else if (key === "Escape") this.picture.root.focus({ preventScroll: true });
    else return false;
    return true;
  }

  // Whether the key means something.
  act(key) {
    const code = Number(key) - 1;
    if (key === "Enter") this.answer(false);
    else if (["u", "U", "?"].includes(key)) this.answer(true);
    else if (key === "Backspace") this.back();
    else if (["a", "A"].includes(key)) this.picture.add();
    else if (["n", "N"].includes(key)) this.numbers.open(true);
    else if (code >= 0 && code < Math.min(KEYS, this.data.classes.length)) this.choose(code);
    else return false;
    return true;
  }

  choose(code) {
    this.picture.choose(code);
    [...this.chips.children].forEach((chip, at) => chip.setAttribute("aria-pressed", String(at === code)));
  }

  fillClasses() {
    const chips = this.data.classes.map(({ name, color }, code) => {
      const chip = element("button", "", { type: "button", "aria-pressed": "false" });
      chip.append(swatch(color), name);
      if (code < KEYS) chip.append(element("kbd", String(code + 1)));
      chip.onclick = () => this.choose(code);
      return chip;
    });
    this.chips.replaceChildren(...chips);
    this.numbers.fill(this.data.classes);
    this.choose(0);
  }

  tell() {
    if (!this.report || this.at === null) return;
    const { planned } = this.report;
    const seen = this.answered;
    const isBeyond = this.at >= planned;
    this.place.textContent = isBeyond ? `Frame ${this.at + 1}, beyond the ${planned} planned` : `Frame ${this.at + 1} of ${planned}`;
    this.share.value = Math.min(seen / planned, 1);
    this.share.setAttribute("aria-valuetext", `${seen} of ${planned} checked`);
    this.running.replaceChildren(...runningNumbers(this.report));
    this.buttons[2].disabled = this.at === 0;
  }

  // Several people have checked this frame.
  tellAnswers(answers) {
    const { classes } = this.data;
    this.answers.hidden = !answers.length;
    this.answers.replaceChildren(...answers.map((answer) => {
      const line = element("li");
      line.append(element("b", answer.name || "Without sign-in"), `: ${numbersIn(answer.counts, classes)}`);
      return line;
    }));
  }

  setBusy(isBusy) {
    this.isBusy = isBusy;
    this.root.setAttribute("aria-busy", String(isBusy));
  }

  focus() {
    if (!this.isOpen) return;
    this.picture.root.focus({ preventScroll: true });
    this.root.querySelector(".frame").scrollIntoView({ block: "nearest" });
  }

  close() {
    removeEventListener("beforeunload", this.onLeave);
  }
}

function numbersIn(counts, classes) {
  if (!counts) return "cannot tell";
  const named = counts.map((count, code) => `${classes[code].name} ${count ?? "not asked"}`);
  return named.filter((_, code) => counts[code] !== 0).join(", ") || "nothing";
}

function runningNumbers({ rows, checked, planned, seen, to_halve: toHalve, is_sequential: isSequential }) {
  const all = rows.at(-1);
  const line = (term, text, name = "") => [element("dt", term), element("dd", text, name ? { class: name } : {})];
  const model = line(rows.length > 1 ? "All classes, by the model" : `${all.name}, by the model`, `${formatCount(all.model)} per frame`);
  if (!all.mean) return [...model, ...line("Corrected", checked ? "Too few frames to say yet" : "After the first frames")];
  const kind = isSequential ? "sequential interval" : seen < planned ? "preliminary" : "95 % interval";
  const corrected = line(`Corrected (${kind})`, formatCount(all.mean.corrected), "now");
  corrected.push(element("dd", formatRange(all.mean.interval, formatCount)));
  if (toHalve) corrected.push(element("dd", `${plural(toHalve, "more frame")} would halve the interval.`));
  return [...model, ...corrected];
}
