// Tables of texts, numbers and nodes.

import { element, swatch } from "./elements.js";

// A table of rows of texts, numbers and nodes; numbers are aligned to the right.
export function table(head, rows, caption = "", name = caption) {
  const node = element("table");
  if (caption) node.append(element("caption", caption));
  const line = (cells, tag) => {
    const row = element("tr");
    cells.forEach((cell, at) => {
      const own = tag === "td" && at === 0 ? element("th", "", { scope: "row" }) : element(tag, "", tag === "th" ? { scope: "col" } : {});
      own.append(cell instanceof Node ? cell : String(cell ?? "–"));
      if (at) own.classList.add("number");
      row.append(own);
    });
    return row;
  };
  const [top, body] = [element("thead"), element("tbody")];
  top.append(line(head, "th"));
  body.append(...rows.map((cells) => line(cells, "td")));
  node.append(top, body);
  const box = element("div", "", { class: "table", tabindex: 0, role: "group", "aria-label": name || head.join(", ") });
  box.append(node);
  return box;
}

// The name of a class with its color.
export function classCell({ name, color }) {
  const cell = element("span", "", { class: "class" });
  cell.append(swatch(color), name);
  return cell;
}
