// Unique objects of each class, with the range in which their number is, and how objects move between lines and zones.

import { classCell, table } from "../../../../web/tables.js";
import { element } from "../../../../web/elements.js";

const MEANING = "An object is followed from frame to frame and counted once.";
const RANGE = "Range: with half and twice of each setting of the tracker.";

export function objectsSection({ objects, has_ranges: hasRanges, warning }) {
  const box = element("section", "", { class: "objects" });
  const rows = objects.map((row) => [classCell(row), row.count, ...(hasRanges ? [rangeOf(row)] : [])]);
  box.append(element("h2", "Unique objects"));
  if (warning) box.append(element("p", warning, { class: "warning" }));
  if (rows.length) box.append(table(["Class", "Objects", ...(hasRanges ? ["Range"] : [])], rows));
  else box.append(element("p", "No object was tracked in this view."));
  box.append(element("p", hasRanges ? `${MEANING} ${RANGE}` : MEANING, { class: "meaning" }));
  return box;
}

function rangeOf({ low, high }) {
  if (low === null) return "…";
  return low === high ? String(low) : `${low}–${high}`;
}

// From which line or zone objects went to which next.
export function flowsSection({ flows: { places, moves } }) {
  if (!moves.length) return null;
  const box = element("section", "", { class: "flows" });
  const used = places.map((_, at) => at).filter((at) => moves.some(({ from, to }) => from === at || to === at));
  const rows = used.map((from) => [classCell(places[from]), ...used.map((to) => cellOf(moves, from, to))]);
  const head = ["From ↓  To →", ...used.map((at) => classCell(places[at]))];
  box.append(element("h2", "Flows"), table(head, rows, "", "Flows"));
  box.append(element("p", "How often objects were at one line or zone and next at the other.", { class: "meaning" }));
  return box;
}

function cellOf(moves, from, to) {
  const move = moves.find((one) => one.from === from && one.to === to);
  if (!move) return element("span", "0", { class: "none" });
  const cell = element("span", move.count.toLocaleString("en-US"));
  cell.title = Object.entries(move.classes).map(([name, count]) => `${name} ${count}`).join(", ");
  return cell;
}
