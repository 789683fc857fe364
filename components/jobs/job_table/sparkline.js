// The counts of a job over its video as a line, with the peak. Each is fetched once per page load.

const SPARKLINES = (window.frametallySparklines ??= new Map());
const [LINE_WIDTH, LINE_HEIGHT] = [120, 28];

function drawSparkline(element, url) {
  if (element.dataset.url === url) return;
  element.dataset.url = url;
  element.replaceChildren();
  const known = SPARKLINES.get(url);
  if (known) return showSparkline(element, known);
  fetch(url)
    .then((response) => (response.ok ? response.json() : null))
    .then((sparkline) => {
      if (!sparkline) return;
      SPARKLINES.set(url, sparkline);
      if (element.dataset.url === url) showSparkline(element, sparkline);
    })
    .catch(() => {}); // without a connection the cell stays empty
}

function showSparkline(element, { class_name: name, peak, means }) {
  if (!name) return;
  const label = document.createElement("span");
  label.className = "peak";
  const count = document.createElement("b");
  count.textContent = peak.toLocaleString("en-US");
  label.append(count, ` ${name}`);
  label.title = `At most ${peak} ${name} in one frame`;
  const line = lineOf(means);
  element.replaceChildren(line, label);
}

// Gaps where no frame was analyzed.
function lineOf(means) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${LINE_WIDTH} ${LINE_HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const highest = Math.max(...means.map((mean) => mean ?? 0), 1e-9);
  const step = LINE_WIDTH / Math.max(means.length - 1, 1);
  let isDrawing = false;
  const points = means.map((mean, at) => {
    if (mean === null) return (isDrawing = false) || "";
    const command = isDrawing ? "L" : "M";
    isDrawing = true;
    return `${command}${(at * step).toFixed(1)} ${(LINE_HEIGHT - 2 - (mean / highest) * (LINE_HEIGHT - 4)).toFixed(1)}`;
  });
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", points.join(""));
  svg.append(path);
  return svg;
}
