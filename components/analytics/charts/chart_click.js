// Reports a click anywhere in the plot of a chart; plotly itself reports only those on a marker.

const MAX_MOVE_PX = 4; // a drag draws a box
const MARGIN_PX = 8; // a line at zero is drawn on the edge of the plot

const listening = new Map(); // name of a chart -> what stops listening

export default function ({ data, parentElement, setStateValue }) {
  let start = null;

  const press = ({ target, isPrimary, button, clientX: x, clientY: y }) => {
    const chart = isPrimary && button === 0 && target.closest?.(`.${data.chart} .js-plotly-plot`);
    const isInPlot = chart && !target.closest(".legend, .modebar") && plotsOf(chart).some((plot) => isNear(plot, x, y));
    start = isInPlot ? { chart, x, y } : null;
  };
  const release = ({ isPrimary, clientX, clientY, timeStamp }) => {
    if (!start || !isPrimary) return;
    const { chart, x, y } = start;
    start = null;
    if (Math.hypot(clientX - x, clientY - y) > MAX_MOVE_PX) return;
    const plot = chart.querySelector(".nsewdrag[data-subplot='xy']").getBoundingClientRect();
    const [first_s, last_s] = chart.layout.xaxis.range;
    setStateValue("click", {
      time_s: first_s + ((x - plot.left) / plot.width) * (last_s - first_s),
      at_ms: performance.timeOrigin + timeStamp, // distinguishes two clicks on the same spot
    });
  };
  const cancel = () => (start = null);

  listening.get(data.chart)?.abort();
  const stop = new AbortController();
  listening.set(data.chart, stop);
  const listeners = { pointerdown: press, pointerup: release, pointercancel: cancel };
  for (const [name, listener] of Object.entries(listeners))
    window.addEventListener(name, listener, { capture: true, signal: stop.signal });
  // Streamlit also calls this while the elements stay, for a call that newer data has overtaken.
  return () => parentElement.isConnected || stop.abort();
}

function plotsOf(chart) {
  return [...chart.querySelectorAll(".nsewdrag")].map((plot) => plot.getBoundingClientRect());
}

function isNear(plot, x, y) {
  const [dx, dy] = [Math.max(plot.left - x, x - plot.right), Math.max(plot.top - y, y - plot.bottom)];
  return Math.max(dx, dy) <= MARGIN_PX;
}
