// What labels say about the view: errors of counts, right and wrong boxes, confusions, and the worst seconds first.

import { element, swatch } from "../../../web/elements.js";
import { plural } from "../../../web/formatting.js";
import { table } from "../../../web/tables.js";
import { Curves } from "./curves.js";
import { confusionSection } from "./confusion.js";
import { DEFINITIONS } from "./definitions.js";
import { worstSection } from "./worst.js";

const NONE = "–";

export class Report {
  curves = [];

  constructor(root, { onSeek }) {
    Object.assign(this, { root, onSeek });
  }

  show(answer, data) {
    const { evaluation } = answer;
    this.close();
    this.root.hidden = !evaluation;
    if (!evaluation) return this.root.replaceChildren();
    this.data = data;
    const { boxes, frames, notes } = evaluation;
    const parts = [];
    if (notes.length) parts.push(listOf(notes));
    parts.push(this.summary(frames, boxes));
    const seconds = evaluation.worst.map((second, at) => ({ ...second, entry: answer.worst_entries[at] }));
    parts.push(worstSection(seconds, { ...data, hasBoxes: Boolean(boxes), onSeek: this.onSeek }));
    parts.push(columns(this.counts(evaluation.counts), boxes && this.classes(boxes)), this.overTime(answer.counts));
    if (boxes) {
      const confused = confusionSection(boxes.confusion, (name) => this.named(name));
      parts.push(columns(this.thresholds(answer.thresholds, boxes), confused));
    }
    parts.push(meanings());
    this.root.replaceChildren(...parts);
    for (const curves of this.curves) curves.draw();
  }

  summary({ compared, unlabeled }, boxes) {
    const part = section(`${plural(compared, "frame")} compared`);
    const others = unlabeled ? ` ${plural(unlabeled, "analyzed frame")} in this view ${unlabeled === 1 ? "has" : "have"} no labels and ${unlabeled === 1 ? "does" : "do"} not count.` : "";
    part.append(element("p", `${this.data.model} at min. confidence ${this.data.confidence}, beside the labels.${others}`, { class: "meaning" }));
    if (!boxes) return part;
    const tiles = element("dl", "", { class: "tiles" });
    const { all, map50, map50_95: map } = boxes;
    for (const [name, value] of [["F1", all.f1], ["Precision", all.precision], ["Recall", all.recall], ["mAP50", map50], ["mAP50-95", map]]) {
      const tile = element("div");
      tile.append(element("dt", name), element("dd", share(value)));
      tiles.append(tile);
    }
    part.append(tiles);
    return part;
  }

  counts(rows) {
    const part = section("Counts per frame");
    const lines = rows.map(({ name, frames, found, labeled, bias, mae }) => [
      this.named(name), frames.toLocaleString("en-US"), number(found), number(labeled), signed(bias), number(mae),
    ]);
    part.append(table(["Class", "Frames", "Model", "Labels", "Bias", "MAE"], lines, "", "Counts per frame"));
    return part;
  }

  overTime(figures) {
    const names = Object.keys(figures);
    const part = section("Counts over time");
    if (!names.length) {
      part.append(element("p", "Neither the model nor the labels have an object in these frames."));
      return part;
    }
    const choices = element("div", "", { class: "choices" });
    const choice = element("select", "", { "aria-label": "Class of the chart" });
    choice.append(...names.map((name) => Object.assign(element("option", name), { value: name })));
    choice.value = names.includes(this.chosen) ? this.chosen : names[0];
    const curves = new Curves("Counts per frame by model and labels", {
      onPick: (seconds) => this.onPick(seconds),
      labels: { model: this.data.model, labels: "labels" },
      plotly: this.data.plotly,
    });
    const fill = () => {
      this.chosen = choice.value;
      curves.set(figures[choice.value], { model: this.data.colors[choice.value] ?? "#0b8a76", labels: "#808080" });
    };
    choice.onchange = () => {
      fill();
      curves.draw();
    };
    fill();
    choices.append(choice, curves.key);
    part.append(choices, curves.root, element("p", "Click the chart to see the frame.", { class: "meaning" }));
    this.curves.push(curves);
    return part;
  }

  onPick(seconds) {
    const player = globalThis[Symbol.for("frametally.player")];
    if (player) this.onSeek(player.times.entryNear(seconds));
  }

  classes({ classes }) {
    const part = section("Boxes");
    const lines = classes.map(({ name, scores, ap50, ap50_95: ap }) => [
      this.named(name), scores.right, scores.wrong, scores.missed, ...[scores.precision, scores.recall, scores.f1, ap50, ap].map(share),
    ]);
    part.append(table(["Class", "Right", "Wrong", "Missed", "Precision", "Recall", "F1", "AP50", "AP50-95"], lines, "", "Boxes"));
    return part;
  }

  thresholds(figure, { by_threshold: rows, best, all }) {
    const part = section("By min. confidence");
    const curves = new Curves("Precision, recall and F1 by min. confidence", {
      labels: { precision: "precision", recall: "recall", f1: "F1" },
      plotly: this.data.plotly,
    });
    curves.set(figure, { precision: "#2f7fd1", recall: "#c26a10", f1: "#0b8a76" });
    part.append(curves.key, curves.root);
    if (best) part.append(element("p", advice(best, all, this.data.confidence)));
    const more = element("details");
    const lines = rows.map((row) => [row.threshold.toFixed(2), ...[row.precision, row.recall, row.f1].map(share)]);
    more.append(element("summary", "As a table"), table(["Min. confidence", "Precision", "Recall", "F1"], lines, "", "By min. confidence"));
    part.append(more);
    this.curves.push(curves);
    return part;
  }

  named(name) {
    const cell = element("span", "", { class: "class" });
    const color = this.data.colors[name];
    if (color) cell.append(swatch(color));
    cell.append(name);
    return cell;
  }

  close() {
    for (const curves of this.curves) curves.close();
    this.curves = [];
  }
}

function section(title) {
  const part = element("section");
  part.append(element("h2", title));
  return part;
}

function columns(...parts) {
  const box = element("div", "", { class: "columns" });
  box.append(...parts.filter(Boolean));
  return box;
}

function listOf(notes) {
  const list = element("ul", "", { class: "notices", "aria-label": "Notices" });
  list.append(...notes.map((text) => element("li", text, { class: "warning" })));
  return list;
}

function meanings() {
  const more = element("details");
  const list = element("dl", "", { class: "definitions" });
  list.append(...DEFINITIONS.flatMap(([name, text]) => [element("dt", name), element("dd", text)]));
  more.append(element("summary", "About these metrics"), list);
  return more;
}

function advice(best, all, current) {
  if (all.f1 !== null && best.f1 <= all.f1) return `No other min. confidence has a higher F1 than ${current}.`;
  return `F1 is highest at min. confidence ${best.threshold.toFixed(2)}: ${share(best.f1)} instead of ${share(all.f1)}.`;
}

function share(value) {
  return value === null ? NONE : value.toFixed(3);
}

function number(value) {
  return value === null ? NONE : value.toFixed(2);
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}
