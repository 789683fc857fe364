// Speeds on the ground: offered where four points with known distances are marked.

import { classCell, table } from "../../../../web/tables.js";
import { element } from "../../../../web/elements.js";

const UNITS = ["km/h", "m/s"];

export class Speeds {
  // `onMark(isKey)` begins to mark the points, `onChange(scale)` with other distances; null: without a scale.
  constructor({ onMark, onChange, seek }) {
    Object.assign(this, { onMark, onChange, seek });
    this.root = element("section", "", { class: "speeds" });
    this.mark = element("button", "", { type: "button" });
    this.mark.onclick = ({ detail }) => onMark(detail === 0);
    this.remove = element("button", "Remove", { type: "button" });
    this.remove.onclick = () => onChange(null);
    this.form = element("form");
    [this.first, this.second] = [1, 2].map(() => element("input", "", { type: "number", min: 0.01, max: 100000, step: "any", required: "" }));
    this.unit = element("select", "", { "aria-label": "Unit" });
    this.unit.append(...UNITS.map((unit) => Object.assign(element("option", unit), { value: unit })));
    this.form.append(labeled("1 to 2 (m)", this.first), labeled("2 to 3 (m)", this.second), this.unit);
    this.form.onchange = () => this.form.reportValidity() && this.apply();
    this.form.onsubmit = (event) => event.preventDefault();
    const bar = element("div", "", { class: "choices" });
    bar.append(this.mark, this.form, this.remove);
    this.found = element("div");
    this.meaning = element("p", "", { class: "meaning" });
    this.root.append(element("h2", "Speed"), bar, this.found, this.meaning);
  }

  // A rectangle of the sides that were given; another unit alone leaves the shape of a file as it is.
  apply() {
    const [first, second] = [Number(this.first.value), Number(this.second.value)];
    const isSame = first === this.scale.sides_m[0] && second === this.scale.sides_m[1];
    const shape = isSame ? {} : { sides_m: [first, second, first, second], diagonal_m: null };
    this.onChange({ ...this.scale, ...shape, unit: this.unit.value });
  }

  // `speeds`: of the report; null without a scale.
  show(scale, speeds) {
    this.scale = scale;
    this.mark.textContent = scale ? "Mark other points" : "Mark four points";
    this.form.hidden = this.remove.hidden = !scale;
    if (scale) {
      [this.first.value, this.second.value] = scale.sides_m;
      this.unit.value = scale.unit ?? UNITS[0];
    }
    this.found.replaceChildren(...(speeds?.classes.length ? [this.table(speeds)] : []));
    this.meaning.textContent = speeds?.definition ?? "Mark the corners of a rectangle on the ground whose sides you know.";
  }

  table({ unit, classes }) {
    const rows = classes.map((row) => [classCell(row), row.count, row.median.toFixed(1), this.fastest(row)]);
    return table(["Class", "Objects", `Median (${unit})`, `Fastest (${unit})`], rows, "", "Speeds");
  }

  fastest({ highest, entry }) {
    const button = element("button", highest.toFixed(1), { type: "button", class: "link" });
    button.onclick = () => this.seek(entry);
    return button;
  }
}

function labeled(text, node) {
  const box = element("label", `${text} `);
  box.append(node);
  return box;
}
