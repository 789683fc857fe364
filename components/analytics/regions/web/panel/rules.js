// Rules: more than a number of objects in a zone for a time. When they held is listed, one click from its frame.

import { formatSpan, formatTime, plural } from "../../../../web/formatting.js";
import { element } from "../../../../web/elements.js";

const MAX_INTERVALS = 50;
const DEFAULTS = { more_than: 3, for_s: 10 };

export class Rules {
  // `onChange(rules)` with all rules after one was added or removed; `seek(entry)` shows a frame.
  constructor({ onChange, seek }) {
    Object.assign(this, { onChange, seek });
    this.root = element("section", "", { class: "rules" });
    this.list = element("ul");
    this.form = this.makeForm();
    const meaning = "A rule holds while more objects than this are in the zone, after it was true for the duration.";
    this.root.append(element("h2", "Rules"), this.list, this.form, element("p", meaning, { class: "meaning" }));
  }

  makeForm() {
    const form = element("form");
    const field = (label, node) => {
      const box = element("label", `${label} `);
      box.append(node);
      return box;
    };
    this.more = element("input", "", { type: "number", min: 0, max: 10000, step: 1, required: "", value: DEFAULTS.more_than });
    this.class = element("select", "", { "aria-label": "Class" });
    this.zone = element("select", "", { "aria-label": "Zone" });
    this.seconds = element("input", "", { type: "number", min: 0, max: 86400, step: "any", required: "", value: DEFAULTS.for_s });
    form.append(
      field("More than", this.more), this.class, field("in", this.zone), field("for (s)", this.seconds),
      element("button", "Add rule", { type: "submit" }),
    );
    form.onsubmit = (event) => {
      event.preventDefault();
      this.add();
    };
    return form;
  }

  add() {
    const [zone, only, most, forS] = [this.zone.value, this.class.value, Number(this.more.value), Number(this.seconds.value)];
    const zoneName = this.zone.selectedOptions[0].textContent;
    const base = `More than ${most} ${only || "objects"} in ${zoneName} for ${forS} s`;
    const names = this.rules.map(({ name }) => name);
    if (names.includes(base)) return;
    const rule = { name: base, zone, classes: only ? [only] : [], more_than: most, for_s: forS, hysteresis: 0, cooldown_s: 0 };
    this.onChange([...this.rules, rule]);
  }

  // `rules` and `zones` of the set, `classes` of the view, `found`: reports of the rules.
  show({ rules, zones, classes, found }) {
    this.rules = rules;
    options(this.zone, zones.map(({ id, name }) => [id, name]));
    options(this.class, [["", "objects"], ...classes.map((name) => [name, name])]);
    this.list.replaceChildren(...rules.map((rule) => this.item(rule, found.find(({ name }) => name === rule.name))));
    this.root.hidden = !zones.length;
  }

  item(rule, { intervals = [], definition = "", note } = {}) {
    const item = element("li");
    const remove = element("button", "Remove", { type: "button", "aria-label": `Remove rule: ${rule.name}` });
    remove.onclick = () => this.onChange(this.rules.filter((one) => one !== rule));
    const head = element("p");
    head.append(element("b", rule.name), element("span", intervals.length ? plural(intervals.length, "time") : note ?? "never"), remove);
    const times = element("span", "", { class: "intervals" });
    times.append(...intervals.slice(0, MAX_INTERVALS).map((interval) => this.interval(interval)));
    item.title = definition;
    item.append(head, times);
    return item;
  }

  interval({ first_s: firstS, last_s: lastS, entry, peak, is_open: isOpen }) {
    const span = `${isOpen ? "≥ " : ""}${formatSpan(lastS - firstS)}`;
    const text = `${formatTime(firstS)} – ${formatTime(lastS)} · ${span} · up to ${peak}`;
    const button = element("button", text, { type: "button" });
    button.onclick = () => this.seek(entry);
    return button;
  }
}

// Keeps what is chosen.
function options(select, pairs) {
  const { value } = select;
  select.replaceChildren(...pairs.map(([id, name]) => Object.assign(element("option", name), { value: id })));
  if (pairs.some(([id]) => id === value)) select.value = value;
}
