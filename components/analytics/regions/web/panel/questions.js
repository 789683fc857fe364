// Moments that answer a question about objects: a small form, and the answers as pictures, each one click from its frame.

import { formatSpan, formatTime, plural } from "../../../../web/formatting.js";
import { element } from "../../../../web/elements.js";
import { posted } from "./requests.js";

const KINDS = {
  together: "Two classes together",
  more_than: "More than a number",
  first_after: "First after a time",
  crossed_then: "Crossed a line, then another",
};
const FIRST_CARDS = 24;
const SHORTEST_S = 1; // of a moment that is played

export class Questions {
  isWhole = false;

  // `context`: `address(path)` of a route with the current filters, `set`, `seek(entry)`, `fetchFile(wanted)`.
  constructor(context) {
    this.context = context;
    this.root = element("section", "", { class: "questions" });
    this.form = element("form");
    this.state = element("p", "", { role: "status" });
    this.labels = element("button", "Frames for labeling (ZIP)", { type: "button", hidden: "" });
    this.labels.onclick = () => context.fetchFile({ kind: "labels", entries: this.found.map(({ entry }) => entry) });
    this.cards = element("ul", "", { class: "moments" });
    this.more = element("button", "", { type: "button", class: "more", hidden: "" });
    this.meaning = element("p", "", { class: "meaning" });
    this.more.onclick = () => {
      this.isWhole = true;
      this.draw();
    };
    this.playing = element("button", "Play all", { type: "button", hidden: "" });
    this.playing.onclick = () => (this.isPlaying ? this.stop() : this.play());
    this.build();
    const bar = element("div", "", { class: "choices" });
    bar.append(this.state, this.playing, this.labels);
    this.root.append(element("h2", "Find moments"), this.form, this.meaning, bar, this.cards, this.more);
  }

  build() {
    const number = (value, step = "any") => element("input", "", { type: "number", min: 0, max: 86400, step, required: "", value });
    const choice = (name) => element("select", "", { "aria-label": name });
    this.kind = choice("Question");
    this.kind.append(...Object.entries(KINDS).map(([kind, name]) => Object.assign(element("option", name), { value: kind })));
    Object.assign(this, {
      first: choice("First class"), second: choice("Second class"), within: number(2), most: number(3, 1), only: choice("Class"),
      zone: choice("Zone"), after: number(0), line: choice("First line"), way: choice("First direction"),
      secondLine: choice("Second line"), secondWay: choice("Second direction"),
    });
    this.fields = {
      together: [this.first, "and", this.second, labeled("within (s)", this.within)],
      more_than: [labeled("more than", this.most), this.only, "in", this.zone],
      first_after: [this.only, labeled("after (s)", this.after)],
      crossed_then: [this.line, this.way, "then", this.secondLine, this.secondWay],
    };
    this.place = element("span", "", { class: "fields" });
    this.kind.onchange = () => this.arrange();
    this.form.append(this.kind, this.place, element("button", "Find", { type: "submit", class: "find" }));
    this.form.onsubmit = (event) => {
      event.preventDefault();
      this.ask();
    };
    for (const select of [this.way, this.secondWay]) fill(select, [["", "either way"], ["in", "in"], ["out", "out"]]);
  }

  // What can be asked for; `classes` by their names in the results, `meanings` by kind.
  show({ classes, lines, zones, meanings }) {
    this.meanings = meanings;
    const named = classes.map((name) => [name, name]);
    for (const select of [this.first, this.second]) fill(select, named);
    differ(this.first, this.second);
    fill(this.only, [["", "objects of any class"], ...named]);
    fill(this.zone, [["", "the picture"], ...zones.map(({ id, name }) => [id, name])]);
    for (const select of [this.line, this.secondLine]) fill(select, lines.map(({ id, name }) => [id, name]));
    differ(this.line, this.secondLine);
    this.kind.querySelector("[value=together]").disabled = classes.length < 2;
    this.kind.querySelector("[value=crossed_then]").disabled = lines.length < 2;
    if (this.kind.selectedOptions[0]?.disabled) this.kind.value = "more_than";
    this.arrange();
  }

  arrange() {
    if (this.arranged === this.kind.value) return;
    this.arranged = this.kind.value;
    this.place.replaceChildren(...this.fields[this.kind.value]);
    this.meaning.textContent = `A moment: ${this.meanings[this.kind.value]}.`;
  }

  get question() {
    const kind = this.kind.value;
    const only = this.only.value ? [this.only.value] : [];
    if (kind === "together") return { kind, first: this.first.value, second: this.second.value, within_s: Number(this.within.value) };
    if (kind === "more_than") return { kind, classes: only, more_than: Number(this.most.value), zone: this.zone.value || null };
    if (kind === "first_after") return { kind, classes: only, after_s: Number(this.after.value) };
    const [way, secondWay] = [this.way.value || null, this.secondWay.value || null];
    return { kind, line: this.line.value, way, second_line: this.secondLine.value, second_way: secondWay };
  }

  async ask() {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    this.root.setAttribute("aria-busy", "true");
    try {
      if (this.isPlaying) this.stop();
      const body = { regions: this.context.set, question: this.question };
      const { moments } = await posted(this.context.address("regions/moments"), body, signal);
      Object.assign(this, { found: moments, isWhole: false });
      this.state.textContent = moments.length ? plural(moments.length, "moment") : "No moment matches.";
    } catch (error) {
      if (signal.aborted) return;
      this.found = [];
      this.state.textContent = error.message;
    }
    this.root.removeAttribute("aria-busy");
    this.draw();
  }

  draw() {
    const shown = this.isWhole ? this.found : this.found.slice(0, FIRST_CARDS);
    this.cards.replaceChildren(...shown.map((moment) => this.card(moment)));
    this.labels.hidden = this.playing.hidden = !this.found.length;
    this.more.hidden = shown.length === this.found.length;
    this.more.textContent = `Show all ${this.found.length.toLocaleString("en-US")}`;
  }

  // One moment after another in the player, until the user pauses it.
  async play() {
    this.isPlaying = true;
    this.playing.textContent = "Stop";
    for (const [at, { start_s: startS, end_s: endS }] of this.found.entries()) {
      const first = this.context.entryNear(startS);
      this.mark(at);
      const isReached = await this.context.player?.play(first, Math.max(endS, startS + SHORTEST_S));
      if (!isReached || !this.isPlaying) break;
    }
    this.isPlaying = false;
    this.playing.textContent = "Play all";
    this.mark(null);
  }

  stop() {
    this.isPlaying = false;
    this.context.player?.pause();
  }

  close() {
    this.request?.abort();
    if (this.isPlaying) this.stop();
  }

  // The card of the moment that is played; several may begin with the same frame.
  mark(moment) {
    for (const [at, button] of this.cards.querySelectorAll("[data-entry]").entries()) {
      if (at === moment) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  card({ entry, start_s: startS, end_s: endS, track_ids: ids }) {
    const button = element("button", "", { type: "button" });
    button.dataset.entry = entry;
    const image = element("img", "", { alt: "", loading: "lazy", src: this.context.address(`frames/${entry}.jpg`, { small: "" }) });
    const span = endS > startS ? ` · ${formatSpan(endS - startS)}` : "";
    button.append(image, element("b", `${formatTime(startS)}${span}`), element("span", ids.length > 3 ? plural(ids.length, "object") : ids.map((id) => `#${id}`).join(" ")));
    button.onclick = () => this.context.seek(entry);
    const clip = element("button", "Clip", { type: "button", class: "clip", "aria-label": `Download clip at ${formatTime(startS)}` });
    clip.onclick = () => this.context.fetchFile({ kind: "clip", start_s: startS, end_s: endS });
    const item = element("li");
    item.append(button, clip);
    return item;
  }
}

// Another choice in the second list, if there is one.
function differ(first, second) {
  if (second.value === first.value) second.value = [...second.options].find(({ value }) => value !== first.value)?.value ?? second.value;
}

function labeled(text, node) {
  const box = element("label", `${text} `);
  box.append(node);
  return box;
}

// Keeps what is chosen, if it is still there.
function fill(select, pairs) {
  const { value } = select;
  select.replaceChildren(...pairs.map(([id, name]) => Object.assign(element("option", name), { value: id })));
  if (pairs.some(([id]) => id === value)) select.value = value;
}
