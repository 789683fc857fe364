// The tab "Lines & zones": the drawing tool on the player's picture, and what was counted with it.
// The server is asked after each complete change; the script of the page runs only to save and open sets.

import { Answers } from "./panel/requests.js";
import { Cards, labelOf } from "./panel/cards.js";
import { Comparison } from "./panel/comparison.js";
import { Editor } from "./drawing/editor.js";
import { Pictures } from "./panel/pictures.js";
import { Questions } from "./panel/questions.js";
import { Rules } from "./panel/rules.js";
import { Sets } from "./panel/sets.js";
import { Speeds } from "./panel/speeds.js";
import { element } from "../../../web/elements.js";
import { flowsSection, objectsSection } from "./panel/objects.js";

const PLAYER = Symbol.for("frametally.player");
const EVENT = "frametally:player";
const UNNAMED = "New camera";
const RANGES_MS = 3000; // until it is asked again whether the ranges of the numbers of objects are known
const REST_MS = 1000; // until Python receives what is drawn
const panels = new WeakMap();

export function mount(component) {
  const root = component.parentElement.querySelector(".regions");
  if (!panels.has(root)) panels.set(root, new Panel(root));
  panels.get(root).update(component);
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => {
    if (root.isConnected) return;
    panels.get(root)?.close();
    panels.delete(root);
  };
}

class Panel {
  editor = null;
  report = null;
  notices = { failure: "", warnings: [] };

  constructor(root) {
    this.root = root;
    this.parts = [...root.querySelector(".templates").children];
    this.body = root.querySelector(".report");
    this.answers = new Answers({
      onAnswer: (answer) => this.show(answer),
      onProgress: (share) => this.progress(share),
      onFailure: (error) => this.fail(error),
    });
    this.cards = new Cards(element("div", "", { class: "cards" }), this);
    this.title = element("h2", "Lines and zones");
    this.columns = element("div", "", { class: "columns" });
    this.pictures = new Pictures();
    this.rules = new Rules({
      onChange: (rules) => this.editor.set.set({ ...this.editor.set.value, rules }),
      seek: (entry) => this.seek(entry),
    });
    this.speeds = new Speeds({
      onMark: (isKey) => this.markScale(isKey),
      onChange: (scale) => this.editor.set.set({ ...this.editor.set.value, scale }),
      seek: (entry) => this.seek(entry),
    });
    this.questions = new Questions(this);
    this.comparison = new Comparison(this);
    this.sets = new Sets(root, {
      onOpen: (set, options) => this.open(set, options),
      onAct: (name, details) => this.act(name, details),
      current: () => this.complete,
      onFailure: (text) => this.notice({ failure: text }),
    });
    root.querySelector(".again").onclick = () => this.ask();
    this.onPlayer = () => this.attach();
    document.addEventListener(EVENT, this.onPlayer);
  }

  get player() {
    return globalThis[PLAYER];
  }

  get plotly() {
    return this.data.plotly;
  }

  // The set as it is drawn now, complete.
  get set() {
    const value = this.editor?.set.value ?? {};
    return { ...value, camera: this.sets.name || value.camera || UNNAMED, size: value.size ?? this.player?.size ?? [1, 1] };
  }

  // The same, as it is saved: it is about this picture.
  get complete() {
    const { background } = this.report ?? {};
    return { ...this.set, size: this.player?.size ?? this.set.size, ...(background ? { background } : {}) };
  }

  update(component) {
    const { data } = component;
    const isOther = this.data && this.data.job !== data.job;
    const wasOpen = this.sets.name;
    this.component = component;
    this.data = data;
    this.sets.update(data);
    if (isOther) this.detach();
    else if (this.editor && this.sets.name !== wasOpen && !this.isDrawnSinceSave()) this.keep();
    this.attach();
    if (this.editor) this.tell();
    if (this.report) this.comparison.show(data);
    if (data.failure) this.notice({ failure: data.failure });
    this.ask();
  }

  // Whether more was drawn while the set was being saved under this name.
  isDrawnSinceSave() {
    const { given, name } = this.sets;
    if (given?.name !== name) return false;
    this.sets.given = null;
    return !isSame(given.set, this.set);
  }

  // Another set was opened, or this one was saved under a name: what is drawn stays if it is the same.
  keep() {
    const { saved } = this.sets;
    if (saved && !isSame(saved, this.set)) this.open(saved);
  }

  // Put the tool on the picture, also when another player takes the place of the one before.
  async attach() {
    const { player } = this;
    if (!player?.size || this.editor?.player === player) return;
    this.wanted = player;
    if (this.editor?.player.stage === player.stage) return this.editor.adopt(player);
    const before = this.editor?.set.value;
    const style = element("link", "", { rel: "stylesheet", href: new URL(this.data.style, document.baseURI).href });
    const loaded = new Promise((resolve) => (style.onload = style.onerror = resolve));
    player.root.append(style);
    await loaded; // what is not styled yet would move the page
    if (this.wanted !== player || this.isClosed) return style.remove();
    this.editor?.close();
    const [svg, bar] = this.parts.map((part) => part.cloneNode(true));
    this.editor = new Editor(player, { style, svg, bar }, () => this.change());
    this.open(before ?? this.data.drawn ?? this.sets.saved);
  }

  // What belongs to another job.
  detach() {
    this.stop();
    this.editor?.close();
    this.editor = this.report = this.asked = null;
  }

  // `isNew`: it is not what is saved under this name.
  open(set, { isNew = false } = {}) {
    if (isNew) return this.editor?.replace(set);
    this.editor?.open(set ?? {});
    this.report = null;
    this.tell();
    this.ask();
  }

  // A complete change.
  change() {
    this.notice({ failure: "" });
    this.tell();
    this.ask();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.component.setStateValue("drawn", JSON.stringify(this.set)), REST_MS);
  }

  tell() {
    const { set } = this;
    const isEmpty = !set.lines?.length && !set.zones?.length;
    const { saved } = this.sets;
    this.sets.tell(saved ? !isSame(saved, set) : !isEmpty);
  }

  // Of a route of the view, with its threshold, classes and time range.
  address(path, more = {}) {
    const query = new URLSearchParams(this.data.query);
    for (const [name, value] of Object.entries(more)) query.set(name, value);
    return new URL(`${this.data.url}${path}?${query}`, document.baseURI).href;
  }

  ask() {
    if (!this.editor) return;
    const address = this.address("regions");
    const body = JSON.stringify([address, this.set]);
    if (body === this.asked) return;
    this.asked = body;
    this.root.setAttribute("aria-busy", "true");
    this.root.querySelector(".again").hidden = true;
    this.answers.ask(address, this.set);
  }

  askAgain() {
    this.asked = null;
    this.ask();
  }

  show(answer) {
    this.report = answer;
    this.idle("");
    const shapes = [...this.set.lines, ...this.set.zones];
    const found = Object.fromEntries([...answer.lines, ...answer.zones].map((one) => [one.id, one]));
    this.editor.setLabels(Object.fromEntries(Object.entries(found).map(([id, one]) => [id, labelOf(one)])));
    this.notice({ warnings: answer.warnings });
    if (!this.body.children.length) this.fill(answer.definitions);
    this.title.hidden = this.cards.root.hidden = !shapes.length;
    this.columns.replaceChildren(...[objectsSection(answer), flowsSection(answer)].filter(Boolean));
    const { url, query, name } = this.data;
    this.rules.show({ rules: this.set.rules, zones: this.set.zones, classes: answer.classes, found: answer.rules });
    const { lines, zones, scale } = this.set;
    this.speeds.show(scale, answer.speeds);
    this.questions.show({ classes: answer.classes, lines, zones, meanings: answer.questions });
    this.comparison.show(this.data);
    this.pictures.show({ address: url, query, name, size: this.player.size });
    this.cards.show(shapes, found);
    clearTimeout(this.completing);
    const isComplete = !answer.has_ranges || answer.objects.every(({ low }) => low !== null);
    if (!isComplete) this.completing = setTimeout(() => this.askAgain(), RANGES_MS);
  }

  fill(definitions) {
    const about = element("details");
    const list = element("dl", "", { class: "definitions" });
    list.append(...Object.entries(definitions).flatMap(([name, text]) => [element("dt", name), element("dd", text)]));
    about.append(element("summary", "About these numbers"), list);
    this.body.append(this.title, this.cards.root, this.columns, this.rules.root, this.questions.root, this.speeds.root, this.pictures.root, this.comparison.root, about);
  }

  idle(text) {
    this.root.removeAttribute("aria-busy");
    this.root.querySelector(".share").hidden = true;
    this.root.querySelector(".state").textContent = text;
  }

  progress(share) {
    this.root.querySelector(".state").textContent = "Tracking objects. This is done once for each job and model.";
    Object.assign(this.root.querySelector(".share"), { hidden: false, value: share });
  }

  fail(error) {
    this.asked = null;
    this.idle(error.message);
    this.root.querySelector(".again").hidden = false;
  }

  // Both stay until they change: what the user asked for and has failed, and what does not fit the picture.
  notice(texts) {
    Object.assign(this.notices, texts);
    const { failure, warnings } = this.notices;
    const items = [failure, ...(warnings ?? [])].filter(Boolean);
    this.root.querySelector(".notices").replaceChildren(...items.map((text) => element("li", text)));
  }

  act(name, details) {
    this.notice({ failure: "" });
    this.component.setTriggerValue("act", JSON.stringify({ name, ...details }));
  }

  compare(ids) {
    this.component.setTriggerValue("compare", ids.join(" "));
  }

  markScale(isKey) {
    if (isKey) this.editor.insertScale();
    else this.editor.setMode("scale");
    this.player.root.scrollIntoView({ block: "nearest" });
  }

  // Of a line or zone.
  alter(id, values) {
    const { set } = this.editor;
    set.change({ ...set.find(id), ...values });
  }

  // A file that Python writes and has downloaded.
  fetchFile(wanted) {
    this.component.setTriggerValue("file", JSON.stringify(wanted));
  }

  entryNear(seconds) {
    return this.player.times.entryNear(seconds);
  }

  seek(entry) {
    this.player?.show(entry);
  }

  // What is under way.
  stop() {
    clearTimeout(this.resting);
    clearTimeout(this.completing);
    this.answers.close();
    this.questions.close();
  }

  close() {
    this.isClosed = true;
    document.removeEventListener(EVENT, this.onPlayer);
    this.stop();
    this.cards.close();
    this.comparison.close();
    this.editor?.close();
  }
}

// Whether two sets draw and count the same, whatever their camera is called.
function isSame(one, other) {
  const { camera: a, size: b, background: c, ...first } = one;
  const { camera: d, size: e, background: f, ...second } = other;
  return JSON.stringify(sorted(first)) === JSON.stringify(sorted(second));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!value || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}
