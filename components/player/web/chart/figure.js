// The figure of Python in the kind of chart that is shown: lines, stacked bars, or a row of colors for each class.

const WIDE = { height: 240, margin: { t: 10, r: 14, b: 44 } };
const NARROW = { height: 120, margin: { t: 8, r: 8, b: 22 } };
const NARROW_LEFT_PX = 30;
const MAX_NAME = 10; // letters of a class beside a row on a narrow screen

// Data and layout for plotly. `shown`: kind, edges, isBucketed, isNarrow, width, withClock, withCorrected, hasCounts,
// isDrawn(code), and values(code, shift), null to keep those of the figure.
export function compose(figure, shown) {
  const { kind } = shown;
  const isShown = (trace) => !isCorrected(trace) || drawnCorrected(figure, shown).includes(trace.meta.corrected);
  const own = figure.data.filter((trace) => !isClass(trace) && trace.type !== "heatmap" && isShown(trace));
  const classes = kind === "heat" ? [heat(figure, shown)] : figure.data.filter(isClass).flatMap((trace) => drawn(trace, shown));
  return { data: [...classes.filter(Boolean), ...own], layout: layoutOf(figure, shown) };
}

// New values of the traces that are drawn and change: threshold and classes have changed, nothing else.
export function changes(traces, figure, shown) {
  const at = traces.flatMap((trace, index) => (isClass(trace) || trace.type === "heatmap" ? [index] : []));
  if (shown.kind === "heat") return heatChanges(traces, at, rowsOf(figure, shown).map((row) => row.z));
  const now = (trace) => ({ y: valuesOf(trace, shown) ?? trace.y, visible: shown.isDrawn(trace.meta.code) });
  const others = at
    .map((index) => ({ index, trace: traces[index], ...now(traces[index]) }))
    .filter(({ trace, y, visible }) => trace.visible !== visible || !isEqual(trace.y, y));
  const [y, visible] = [others.map((one) => one.y), others.map((one) => one.visible)];
  return { at: others.map(({ index }) => index), values: { y, visible } };
}

function heatChanges(traces, at, z) {
  const others = at.filter((index) => !z.every((row, place) => isEqual(row, traces[index].z[place])));
  return { at: others, values: { z: others.map(() => z) } };
}

// Whether two rows of numbers are the same.
export function isEqual(one, other) {
  return one === other || (one.length === other.length && one.every((value, at) => value === other[at]));
}

// What else decides how the chart is drawn; while it stays the same, `changes` is enough.
export function structureOf(figure, shown) {
  const { kind, isNarrow, width, withClock, isBucketed, hasCounts } = shown;
  const rows = kind === "heat" ? rowsOf(figure, shown).map(({ code }) => code) : null;
  const hasLastEdge = kind === "lines" && isBucketed && hasCounts; // see `valuesOf`
  return JSON.stringify([kind, isNarrow, width, withClock, isBucketed, hasLastEdge, rows, drawnCorrected(figure, shown)]);
}

const isClass = (trace) => trace.meta?.code !== undefined;
const isCorrected = (trace) => trace.meta?.corrected !== undefined;

// Codes of the classes whose corrected counts are drawn.
function drawnCorrected({ data }, { kind, withCorrected, isDrawn }) {
  if (kind !== "lines" || !withCorrected) return [];
  return data.filter((trace) => isCorrected(trace) && isDrawn(trace.meta.corrected)).map((trace) => trace.meta.corrected);
}

// What is said of the corrected count of a class at a time: its number, and where it comes from; null if there is none.
export function saidOfCorrected({ data }, code, seconds) {
  const { edges = [], said = [] } = data.find((trace) => trace.meta?.corrected === code && trace.meta.said)?.meta ?? {};
  const at = edges.findIndex(([start, end]) => seconds >= start && seconds <= end);
  return said[at] ?? null;
}

function drawn(trace, shown) {
  const { kind, edges } = shown;
  const y = valuesOf(trace, shown) ?? trace.y;
  const visible = shown.isDrawn(trace.meta.code);
  if (kind === "lines") {
    const hasOwnTimes = y === trace.y;
    const x = hasOwnTimes ? trace.x : shown.isBucketed ? edges : edges.slice(0, -1);
    return [{ ...trace, x, y, visible, mode: shown.isBucketed && !hasOwnTimes ? "lines" : trace.mode }];
  }
  if (trace.meta.isBand) return [];
  const width = Array.from(edges.slice(1), (end, at) => end - edges[at]);
  const marker = { color: trace.line.color, line: { width: 0 } };
  return [{ type: "bar", x: Array.from(edges.slice(0, -1)), y, width, offset: 0, name: trace.name, meta: trace.meta, marker, visible }];
}

// In buckets, the last one reaches to its end too.
function valuesOf({ meta }, { kind, values, isBucketed }) {
  const found = values(meta.code, meta.shift ?? 0);
  return found && kind === "lines" && isBucketed ? [...found, found.at(-1)] : found;
}

function heat(figure, shown) {
  const trace = figure.data.find(({ type }) => type === "heatmap");
  const rows = rowsOf(figure, shown);
  if (!trace || !rows.length) return null;
  const z = rows.map((row) => row.z);
  return { ...trace, x: Array.from(shown.edges), y: rows.map((_, at) => at), z, visible: true };
}

function rowsOf(figure, { isDrawn, values }) {
  const trace = figure.data.find(({ type }) => type === "heatmap");
  const rows = (trace?.meta.codes ?? []).map((code, at) => ({ code, name: trace.y[at], own: trace.z[at] }));
  return rows.filter(({ code }) => isDrawn(code)).map((row) => ({ ...row, z: values(row.code, 0) ?? row.own }));
}

function layoutOf(figure, shown) {
  const { kind, isNarrow, width, withClock } = shown;
  const { meta, ...layout } = figure.layout;
  const { leftPx = layout.margin.l, rowPx = 0, yaxis = {}, ...change } = meta.kinds[kind] ?? {};
  const { height, margin } = isNarrow ? NARROW : WIDE;
  const rows = kind === "heat" ? rowsOf(figure, shown) : [];
  const left = isNarrow ? (kind === "heat" ? Math.min(leftPx, 84) : NARROW_LEFT_PX) : leftPx;
  const isTall = !isNarrow && rows.length * rowPx + margin.t + margin.b > height;
  const axis = { ...layout.yaxis, ...yaxis };
  if (kind === "heat") Object.assign(axis, rowAxis(rows, isNarrow), { title: { text: "" }, dtick: undefined });
  if (kind === "stacked") axis.dtick = undefined;
  if (isNarrow && kind !== "heat") Object.assign(axis, { title: { text: "" }, dtick: undefined, nticks: 3 });
  const xaxis = { ...layout.xaxis, ...(withClock ? meta.clock?.axis : {}), anchor: "y" };
  return {
    ...layout,
    ...change,
    xaxis: isNarrow ? { ...fewer(xaxis), title: { text: "" } } : xaxis,
    yaxis: axis,
    margin: { ...margin, l: left },
    height: isTall ? rows.length * rowPx + margin.t + margin.b : height,
    width,
    showlegend: false,
    shapes: layout.shapes ?? [],
  };
}

function rowAxis(rows, isNarrow) {
  const short = (name) => (isNarrow && name.length > MAX_NAME ? `${name.slice(0, MAX_NAME - 1)}…` : name);
  return {
    type: "linear",
    autorange: false,
    rangemode: "normal",
    range: [Math.max(rows.length, 1) - 0.5, -0.5],
    tickvals: rows.map((_, at) => at),
    ticktext: rows.map(({ name }) => short(name)),
  };
}

// Every other label, where there is little room.
function fewer(axis) {
  if (!axis.ticktext || axis.ticktext.length <= 4) return axis;
  return { ...axis, ticktext: axis.ticktext.map((text, at) => (at % 2 ? "" : text)) };
}
