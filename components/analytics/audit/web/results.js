// What the checked frames say: a row per class, who has checked, what was unclear or is disputed.

import { formatCount, formatPercent, formatRange, formatShare } from "./estimates.js";
import { formatTime, plural } from "../../../web/formatting.js";
import { element, swatch } from "../../../web/elements.js";

const HEAD = ["Class", "By the model", "Corrected", "95 % interval", "Present", "Precision", "Recall", "F1"];
const TOO_FEW = "too few to say";
const ALL = "All classes";

// `open(entry)` shows a frame to check it again, `more()` goes on beyond the planned ones,
// `use(confidence)` applies it to the view.
export function fillResults(root, report, data, { open, more, use, isChecking }) {
  const { checked, seen, planned } = report;
  root.hidden = !seen;
  const title = seen < planned ? "So far" : "Result";
  const parts = [element("h2", title)];
  if (checked) parts.push(table(report, data));
  parts.push(notes(report, data, data.can_check ? open : null, use));
  if (!isChecking && data.can_check) parts.push(actions(report, more, open));
  root.replaceChildren(...parts);
}

function table({ rows, is_sequential: isSequential }, { classes }) {
  const node = element("table");
  const [top, body] = [element("thead"), element("tbody")];
  const head = element("tr");
  head.append(...HEAD.map((text) => element("th", text, { scope: "col" })));
  top.append(head);
  body.append(...rows.map((row) => line(row, classes, isSequential ? "–" : TOO_FEW)));
  node.append(top, body);
  const box = element("div", "", { class: "table", tabindex: 0, role: "group", "aria-label": "Corrected counts" });
  box.append(node);
  return box;
}

function line({ name, model, mean, presence, precision, recall, f1 }, classes, withoutQuality) {
  const row = element("tr");
  const first = element("th", "", { scope: "row" });
  const label = element("span", "", { class: "class" });
  const known = classes.find((one) => one.name === name);
  if (known) label.append(swatch(known.color));
  label.append(name);
  first.append(label);
  const range = mean ? formatRange(mean.interval, formatCount) : TOO_FEW;
  const shares = [presence && { value: presence.corrected, interval: presence.interval }, precision, recall, f1];
  const texts = [formatCount(model), mean ? formatCount(mean.corrected) : "–", range, ...shares.map((one) => quality(one) ?? withoutQuality)];
  row.append(first, ...texts.map((text, at) => element("td", text, { "data-label": HEAD[at + 1] })));
  return row;
}

function quality(value) {
  if (!value) return null;
  const [low, high] = value.interval.map(formatPercent);
  return `${formatShare(value.value)} (${low}–${high})`;
}

function notes(report, { confidence, model }, open, use) {
  const { planned, seen, checked, possible, is_sequential: isSequential, people, unclear, disagreements, to_halve: toHalve } = report;
  const box = element("div", "", { class: "notes" });
  const say = (text) => box.append(element("p", text));
  say(`Objects per frame, from ${plural(checked, "checked frame")} of ${possible.toLocaleString("en-US")} that can be checked. By the model: ${model} at confidence ${confidence}.`);
  say(people.map(describe).join(" "));
  if (seen < planned) say(`Preliminary: the intervals hold once all ${planned} planned frames are checked.`);
  else if (isSequential) {
    say(
      `More than the ${planned} planned frames were checked. The interval is a sequential one, which holds however long one goes on; it is ` +
        "wider. Present, precision, recall and F1 have none, so they are left out.",
    );
  } else say("The interval holds the true value in 95 % of all samples or more, however bad the model is.");
  for (const { name, frames, typed } of report.rows) if (typed && frames && name !== ALL) say(typedIn(name, frames, typed));
  if (toHalve && seen >= planned) say(`${plural(toHalve, "more frame")} would halve the interval of all classes${isSequential ? "" : "; it is then a sequential one, which is somewhat wider"}.`);
  if (report.least_bias) box.append(bias(report.least_bias, confidence, use));
  if (unclear.length) box.append(places("Left out as unclear:", unclear, open));
  if (disagreements.length) box.append(places("Checked by several people with different answers, of which the first is used:", disagreements, open));
  return box;
}

// The threshold at which the model counts what was seen.
function bias({ confidence, bias: least, bias_now: now }, current, use) {
  const box = element("p", "", { class: "bias", tabindex: -1 });
  const signed = (value) => `${value < 0 ? "−" : "+"}${formatCount(Math.abs(value))}`;
  if (confidence === current) {
    box.append(`In the checked frames, no other min. confidence brings the model's count nearer to what was seen (${signed(now)} per frame).`);
    return box;
  }
  box.append(`In the checked frames, min. confidence ${confidence.toFixed(2)} brings the model's count nearest to what was seen: ${signed(least)} per frame instead of ${signed(now)}. `);
  const button = element("button", `Use ${confidence.toFixed(2)}`, { type: "button" });
  button.onclick = () => use(confidence);
  box.append(button);
  return box;
}

function typedIn(name, frames, typed) {
  if (typed === frames) return `${name}: numbers were typed in all ${plural(frames, "checked frame")}, so precision and recall are not known.`;
  return `${name}: in ${typed} of ${plural(frames, "checked frame")} a number was typed. Precision and recall are of the other ${frames - typed}, and say nothing of frames like these.`;
}

function describe({ name, frames, last_at: lastAt }) {
  const day = new Date(lastAt).toLocaleDateString("en-US", { day: "numeric", month: "short", year: "numeric" });
  return name ? `${name} has checked ${plural(frames, "frame")}, last on ${day}.` : `${plural(frames, "frame")} checked, last on ${day}.`;
}

// `open`: null for those who may not check frames.
function places(text, list, open) {
  const box = element("div", "", { class: "frames" });
  box.append(element("span", text), ...list.map(({ entry, time_s: seconds, people }) => {
    const place = open ? element("button", formatTime(seconds), { type: "button" }) : element("span", formatTime(seconds));
    if (people.length) place.append(` ${people.map((name) => name || "without sign-in").join(", ")}`);
    if (open) place.onclick = () => open(entry);
    return place;
  }));
  return box;
}

function actions({ entries, planned }, more, open) {
  const box = element("div", "", { class: "more" });
  if (entries.length > planned) {
    const button = element("button", "Check more frames", { type: "button" });
    button.onclick = more;
    box.append(button);
  }
  const review = element("button", "Review the frames", { type: "button" });
  review.onclick = () => open(entries[0]);
  box.append(review);
  return box;
}
