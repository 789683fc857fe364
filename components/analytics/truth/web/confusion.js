// Which class was taken for which, as a table whose cells are shaded by their share of the row.

import { element } from "../../../web/elements.js";
import { table } from "../../../web/tables.js";

const MAX_COLUMNS = 30;
const RIGHT = "#0b8a76";
const WRONG = "#d97706";

// `named(name)`: a class with its color.
export function confusionSection(confusion, named) {
  const part = element("section");
  part.append(element("h2", "Which class was taken for which"));
  if (!confusion || confusion.found.length > MAX_COLUMNS) {
    part.append(element("p", "There are too many classes for a table. The command frametally evaluate writes it as JSON."));
    return part;
  }
  const { labeled, found, counts } = confusion;
  const head = ["Labeled ↓  Model →", ...found.map(named), "not found"];
  const lines = counts.map((row, at) => {
    const most = row.reduce((sum, count) => sum + count, 0);
    const isPhantom = at === labeled.length;
    const cells = row.map((count, column) => cellOf(count, most, !isPhantom && found[column] === labeled[at]));
    return [isPhantom ? "not there" : named(labeled[at]), ...cells];
  });
  part.append(table(head, lines, "", "Which class was taken for which"));
  return part;
}

function cellOf(count, most, isRight) {
  if (!count) return element("span", "0", { class: "none" });
  const cell = element("span", count.toLocaleString("en-US"), { class: "cell" });
  cell.style.setProperty("--share", count / most);
  cell.style.setProperty("--tint", isRight ? RIGHT : WRONG);
  return cell;
}
