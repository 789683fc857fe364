// Other jobs of the same camera or video, side by side: what changed, and when.

import { Answers } from "./requests.js";
import { Chart } from "../../../../web/charts.js";
import { table } from "../../../../web/tables.js";
import { formatSpan } from "../../../../web/formatting.js";
import { element, swatch } from "../../../../web/elements.js";

export class Comparison {
  charts = [];

  // `context`: `address(path)`, `set`, `plotly`, and `compare(ids)`, after which `show` receives the tickets.
  constructor(context) {
    this.context = context;
    this.root = element("details", "", { class: "comparison" });
    this.list = element("fieldset");
    this.alignment = element("select", "", { "aria-label": "Aligned by" });
    for (const [value, name] of [["video", "time in the video"], ["clock", "time of day"]]) {
      this.alignment.append(Object.assign(element("option", name), { value }));
    }
    this.alignment.onchange = () => this.ask();
    this.button = element("button", "Compare", { type: "button" });
    this.button.onclick = () => context.compare(this.chosen);
    this.state = element("p", "", { role: "status" });
    this.found = element("div", "", { class: "found" });
    this.answers = new Answers({
      onAnswer: (answer) => this.draw(answer),
      onProgress: (share) => (this.state.textContent = `Tracking objects · ${Math.round(share * 100)}%`),
      onFailure: (error) => this.fail(error),
    });
    const bar = element("div", "", { class: "choices" });
    const label = element("label", "Aligned by ");
    label.append(this.alignment);
    bar.append(label, this.button);
    this.root.append(element("summary", "Compare with other jobs of this camera"), this.list, bar, this.state, this.found);
  }

  get chosen() {
    return [...this.list.querySelectorAll(":checked")].map(({ value }) => value);
  }

  // `jobs`: label by id; `compared`: name and ticket of those that are compared.
  show({ jobs, compared }) {
    this.compared = compared;
    this.root.hidden = !Object.keys(jobs).length;
    const known = JSON.stringify(jobs);
    if (known !== this.known) {
      this.known = known;
      const ids = compared.map(({ id }) => id);
      this.list.replaceChildren(element("legend", "Jobs"), ...Object.entries(jobs).map(([id, name]) => choice(id, name, ids.includes(id))));
    }
    if (compared.length > 1) this.ask();
  }

  ask() {
    if (this.compared.length < 2) return;
    const jobs = this.compared.map(({ name, ticket }) => ({ name, ticket }));
    const body = { regions: this.context.set, jobs, alignment: this.alignment.value };
    const asked = JSON.stringify([this.context.address("regions/comparison"), body]);
    if (asked === this.asked) return;
    this.asked = asked;
    this.answers.ask(this.context.address("regions/comparison"), body);
  }

  fail(error) {
    this.asked = null;
    this.state.textContent = error.message;
  }

  draw({ names, colors, rows, curves, common_s: [firstS, lastS], definitions }) {
    this.state.textContent = `${formatSpan(lastS - firstS)} in common. ${definitions["Common time"]}.`;
    const heads = names.map((name, at) => {
      const head = element("span", "", { class: "class" });
      head.append(swatch(colors[at]), name);
      return head;
    });
    const lines = rows.map((row) => [nameOf(row), ...row.values.map((value, at) => valueOf(row, value, at && row.differences[at]))]);
    for (const chart of this.charts) chart.close();
    this.charts = [];
    const drawn = curves.map(({ title, figure }) => {
      const chart = new Chart(`${title} of each job`);
      this.charts.push(chart);
      const box = element("div");
      box.append(element("h3", title), chart.root);
      return [box, chart, figure];
    });
    const charts = element("div", "", { class: "cards" });
    charts.append(...drawn.map(([box]) => box));
    this.found.replaceChildren(table(["What", ...heads], lines, "", "Comparison"), charts);
    for (const [, chart, figure] of drawn) chart.show(figure, this.context.plotly);
  }

  close() {
    this.answers.close();
    for (const chart of this.charts) chart.close();
  }
}

function choice(id, name, isChecked) {
  const label = element("label", "", { class: "job" });
  const box = Object.assign(element("input", "", { type: "checkbox", value: id }), { checked: isChecked });
  label.append(box, name);
  return label;
}

function nameOf({ what, region, class_name: className }) {
  const text = [region, what, className].filter(Boolean).join(" · ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function valueOf({ unit }, value, difference) {
  if (value === null) return "–";
  const text = unit === "s" ? formatSpan(value) : value.toLocaleString("en-US");
  if (!difference) return text;
  const sign = difference > 0 ? "+" : "−";
  const size = unit === "s" ? Math.abs(difference).toFixed(1) : Math.abs(difference).toLocaleString("en-US");
  return `${text} (${sign}${size})`;
}
