// The course of a class as a small line.

const [WIDTH, HEIGHT] = [56, 16];
const MAX_POINTS = 40;
const SVG = "http://www.w3.org/2000/svg";

export function sparkline(color) {
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true" };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, value);
  const path = svg.appendChild(document.createElementNS(SVG, "path"));
  path.style.stroke = color;
  return svg;
}

// Show values over time, with gaps where they are null.
export function drawSparkline(svg, values) {
  svg.firstChild.setAttribute("d", values ? pathOf(reduced(values)) : "");
}

// The means of equal parts.
function reduced(values) {
  if (values.length <= MAX_POINTS) return values;
  return Array.from({ length: MAX_POINTS }, (_, part) => {
    const [first, stop] = [part, part + 1].map((at) => Math.floor((at * values.length) / MAX_POINTS));
    const known = values.slice(first, stop).filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  });
}

function pathOf(values) {
  const highest = Math.max(...values.map((value) => value ?? 0), 1e-9);
  const step = WIDTH / Math.max(values.length - 1, 1);
  let isPenUp = true;
  return values
    .map((value, at) => {
      if (value === null) return (isPenUp = true) && "";
      const command = isPenUp ? "M" : "L";
      isPenUp = false;
      return `${command}${(at * step).toFixed(1)} ${(HEIGHT - 1 - (value / highest) * (HEIGHT - 2)).toFixed(1)}`;
    })
    .join("");
}
