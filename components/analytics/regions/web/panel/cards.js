// A card for each line and zone: its numbers, its chart over time, and its events, each one click from its frame.

import { Chart } from "../../../../web/charts.js";
import { classCell, table } from "../../../../web/tables.js";
import { formatSpan, formatTime, plural } from "../../../../web/formatting.js";
import { element, swatch } from "../../../../web/elements.js";

const FIRST_EVENTS = 50;
const WORDS = { in: "in", out: "out", enter: "entered", inside: "was already inside" };

export class Cards {
  cards = new Map(); // id -> Card

  constructor(root, context) {
    this.root = root;
    this.context = context;
  }

  // `shapes` as they are drawn, `found` by id.
  show(shapes, found) {
    for (const [id, card] of this.cards) if (!shapes.some((shape) => shape.id === id)) this.drop(id, card);
    for (const shape of shapes) {
      if (!this.cards.has(shape.id)) this.cards.set(shape.id, new Card(shape, this.context));
      if (found[shape.id]) this.cards.get(shape.id).show(shape, found[shape.id]);
    }
    const nodes = shapes.map(({ id }) => this.cards.get(id).root);
    if (nodes.some((node, at) => this.root.children[at] !== node)) this.root.replaceChildren(...nodes);
    for (const shape of shapes) this.cards.get(shape.id).drawCharts();
  }

  drop(id, card) {
    card.close();
    card.root.remove();
    this.cards.delete(id);
  }

  close() {
    for (const card of this.cards.values()) card.close();
  }
}

class Card {
  isWhole = false;

  constructor(shape, context) {
    this.context = context;
    this.isZone = Boolean(shape.points);
    this.root = element("section", "", { class: "card" });
    this.root.dataset.id = shape.id;
    this.head = element("h3");
    [this.figures, this.note, this.classes, this.events] = ["dl", "p", "div", "div"].map((tag) => element(tag));
    this.note.className = "why";
    this.events.className = "events";
    const pick = (seconds) => context.seek(context.entryNear(seconds));
    this.charts = this.isZone
      ? { occupancy: new Chart(`Objects in ${shape.name} over time`, pick), dwell: new Chart(`Dwell times in ${shape.name}`) }
      : { counts: new Chart(`Crossings of ${shape.name} over time`, pick) };
    this.charted = element("div", "", { class: "charts" });
    for (const [name, chart] of Object.entries(this.charts)) this.charted.append(titled(CHART_TITLES[name], chart.root));
    this.meaning = element("p", "", { class: "meaning" });
    const about = element("details");
    about.append(element("summary", `How this ${this.isZone ? "zone" : "line"} counts`), this.meaning, this.setting());
    this.root.append(this.head, this.figures, this.note, this.charted, this.classes, this.events, about);
  }

  // What decides how it counts, besides where it is.
  setting() {
    const [name, text, most] = this.isZone ? ["bridged_gap_s", "Bridged absence (s)", 86400] : ["hysteresis_px", "Hysteresis (px)", 1000];
    const label = element("label", `${text} `, { class: "setting" });
    this.input = element("input", "", { type: "number", min: 0, max: most, step: "any", required: "" });
    this.input.onchange = () => {
      if (this.input.reportValidity()) this.context.alter(this.shape.id, { [name]: Number(this.input.value) });
    };
    this.settingName = name;
    label.append(this.input);
    return label;
  }

  show(shape, found) {
    Object.assign(this, { shape, found });
    if (this.input.getRootNode().activeElement !== this.input) this.input.value = shape[this.settingName];
    this.head.replaceChildren(swatch(shape.color), shape.name, element("small", this.isZone ? "Zone" : "Line"));
    this.figures.replaceChildren(...numbers(this.isZone, found));
    this.meaning.textContent = found.definition;
    this.note.textContent = found.note ?? "";
    this.note.hidden = !found.note;
    this.classes.replaceChildren(this.isZone ? zoneTable(found) : lineTable(found));
    this.classes.hidden = this.charted.hidden = !found.total_events;
    this.showEvents();
  }

  showEvents() {
    const { events, total_events: total } = this.found;
    const shown = this.isWhole ? events : events.slice(0, FIRST_EVENTS);
    const list = element("ol", "", { tabindex: 0, "aria-label": `Events of ${this.shape.name}` });
    list.append(...shown.map((event) => this.event(event)));
    const more = element("button", `Show all ${events.length.toLocaleString("en-US")}`, { type: "button", class: "more" });
    more.onclick = () => {
      this.isWhole = true;
      this.showEvents();
    };
    const title = element("h4", plural(total, this.isZone ? "visit" : "crossing"));
    const rest = total > events.length ? [element("p", `The first ${events.length}. All of them are in the export.`)] : [];
    this.events.replaceChildren(title, ...(shown.length ? [list] : []), ...(shown.length < events.length ? [more] : []), ...rest);
  }

  event({ entry, time_s: timeS, kind, name, color, track_id: track, dwell_s: dwellS, is_open: isOpen }) {
    const button = element("button", "", { type: "button" });
    const dwell = dwellS === null ? [] : [element("em", `${isOpen ? "≥ " : ""}${formatSpan(dwellS)}`)];
    button.append(element("time", formatTime(timeS)), swatch(color), `${name} #${track} ${WORDS[kind]}`, ...dwell);
    button.dataset.entry = entry;
    button.onclick = () => this.context.seek(entry);
    const item = element("li");
    item.append(button);
    return item;
  }

  drawCharts() {
    if (!this.found) return;
    for (const [name, chart] of Object.entries(this.charts)) chart.show(this.found.figures[name], this.context.plotly);
  }

  close() {
    for (const chart of Object.values(this.charts)) chart.close();
  }
}

const CHART_TITLES = { counts: "Crossings over time", occupancy: "Objects inside over time", dwell: "Dwell time" };

function titled(title, chart) {
  const box = element("div");
  box.append(element("h4", title), chart);
  return box;
}

function numbers(isZone, found) {
  const pairs = isZone
    ? [["Entries", found.entries], ["Exits", found.exits], ["Median dwell", formatSpan(found.median_s)], ["Most at once", found.most]]
    : [["In", found.in], ["Out", found.out], ["Net", found.in - found.out]];
  return pairs.map(([name, value]) => {
    const box = element("div");
    box.append(element("dt", name), element("dd", typeof value === "number" ? value.toLocaleString("en-US") : value));
    return box;
  });
}

function lineTable({ classes }) {
  return table(["Class", "In", "Out"], classes.map((row) => [classCell(row), row.in, row.out]));
}

function zoneTable({ classes }) {
  const rows = classes.map((row) => [classCell(row), row.entries, row.exits, formatSpan(row.median_s)]);
  return table(["Class", "Entries", "Exits", "Median dwell"], rows);
}

// What is written on the picture beside a line or zone: all of it, and what fits on a small one.
export function labelOf(found) {
  if (found.in !== undefined) return { long: `in ${found.in} · out ${found.out}`, short: `${found.in} · ${found.out}` };
  return { long: `${found.entries} in · median ${formatSpan(found.median_s)}`, short: `${found.entries} in` };
}
