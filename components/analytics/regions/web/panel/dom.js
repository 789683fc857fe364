// Small helpers of this tab: elements, and numbers as they are written on the page.

export function element(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function swatch(color) {
  const node = element("span", "", { class: "swatch", "aria-hidden": "true" });
  node.style.background = color;
  return node;
}

// A position in a video: `0:39.9`, `1:02:03.0`.
export function formatTime(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600)];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// A duration: `3.2 s`, `12:03 min`.
export function formatSpan(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} min`;
}

export function plural(count, singular, several = `${singular}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? singular : several}`;
}

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
