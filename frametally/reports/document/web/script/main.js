// Bring the document to life: charts, threshold, classes, evidence.
import { Counts } from "./counts.js";
import { unpacked } from "./unpack.js";
import { plotly } from "./plotly.js";
import { Charts } from "./charts.js";
import { Evidence } from "./evidence.js";
import { showTiles } from "./tiles.js";
import { showTotals } from "./totals.js";
import { listen } from "./controls.js";
import { switchTheme } from "./theme.js";

async function start() {
  const data = JSON.parse(document.getElementById("brief-data").textContent);
  const view = {
    step: null, // that of the threshold; null: that of the brief, which may lie between the steps
    kind: "lines",
    off: new Set(), // classes that were switched off: rare ones are only not drawn
    hidden: new Set([...document.querySelectorAll('.legend [aria-pressed="false"]')].map((button) => button.dataset.class)),
  };
  const counts = data.sides.map(() => null);
  const evidence = new Evidence(data);
  for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
  const charts = new Charts(globalThis.Plotly ?? (await plotly()), data, counts, view, evidence);
  charts.draw(); // the page may be printed as soon as it is loaded: nothing before this waits if plotly.js is there
  evidence.onChange = () => {
    charts.markCurrent();
    followInVideo(evidence.time);
  };
  switchTheme(() => charts.draw());
  await unpackInto(counts, data);
  listen(view, data, () => show(data, counts, view, charts));
  document.documentElement.dataset.ready = "true";
}

function followInVideo(time) {
  const video = document.getElementById("whole-video");
  if (video?.paused && time !== null) video.currentTime = time;
}

async function unpackInto(counts, data) {
  const found = await Promise.all(data.sides.map(async (side) => (side.counts ? new Counts(side, await unpacked(side.counts)) : null)));
  found.forEach((one, at) => (counts[at] = one));
}

function show(data, counts, view, charts) {
  data.sides.forEach((side, at) => {
    if (!counts[at]) return;
    showTiles(at, side, counts[at], view);
    showTotals(at, side, counts[at], view, data.confidence);
  });
  charts.draw();
}

start();
