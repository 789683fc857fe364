// Which of the models that were run on this video counts nearer to what was seen.

import { formatCount, formatRange } from "./estimates.js";
import { plural } from "../../../web/formatting.js";
import { element } from "../../../web/elements.js";

const HEAD = [
  ["Model", ""],
  ["Bias", "Detections less objects per frame, all classes together; 0 is best"],
  ["Error", "How far the counts of a frame are from what was seen, summed over the classes (mean absolute error)"],
  ["Bias of this model", "In the same frames"],
  ["Error of this model", "In the same frames"],
  ["Difference of errors", "Error of the other model less that of this one, with its 95 % interval"],
  ["Nearer to what was seen", ""],
];

// Nothing where no other model was run.
export function fillModels(root, models, data) {
  root.hidden = !models.length;
  if (!models.length) return root.replaceChildren();
  const table = element("table");
  const [top, body, head] = [element("thead"), element("tbody"), element("tr")];
  head.append(...HEAD.map(([text, title]) => element("th", text, title ? { scope: "col", title } : { scope: "col" })));
  top.append(head);
  body.append(...models.map((model) => row(model, data)));
  table.append(top, body);
  const box = element("div", "", { class: "table", tabindex: 0, role: "group", "aria-label": "Models in the checked frames" });
  box.append(table);
  root.replaceChildren(element("h3", "Which model is nearer?"), element("p", meaning(models, data)), box);
}

function row({ job_id: job, model, run_at: runAt, classes, result }, data) {
  const { one, other, difference, nearer } = result;
  const node = element("tr");
  const first = element("th", model, { scope: "row" });
  const notes = [job !== data.job && `job of ${dayOf(runAt)}`, classes.length < data.classes.length && `only ${classes.join(", ")}`].filter(Boolean);
  if (notes.length) first.append(element("small", ` ${notes.join(" · ")}`));
  const range = difference ? `${signed(other.mean_absolute - one.mean_absolute)} (${formatRange(difference, signed)})` : "too few to say";
  const names = model === data.model ? ["This job", "The other job"] : [data.model, model];
  const verdict = { one: names[0], other: names[1], unknown: "Cannot say" }[nearer];
  const numbers = [signed(other.bias), formatCount(other.mean_absolute), signed(one.bias), formatCount(one.mean_absolute), range];
  const cells = numbers.map((text, at) => element("td", text, { "data-label": HEAD[at + 1][0] }));
  node.append(first, ...cells, element("td", verdict, { class: nearer, "data-label": HEAD.at(-1)[0] }));
  return node;
}

function meaning(models, { model, confidence }) {
  const frames = Math.min(...models.map(({ result }) => result.frames));
  const some = models.some(({ result }) => result.frames !== frames) ? `at least ${plural(frames, "checked frame")}` : plural(frames, "checked frame");
  return `Each model at confidence ${confidence}, beside ${model}, in ${some} that both analyzed. “Cannot say”: the interval of the difference includes 0.`;
}

function dayOf(text) {
  return new Date(text).toLocaleDateString("en-US", { day: "numeric", month: "short", year: "numeric" });
}

function signed(value) {
  const text = formatCount(Math.abs(value));
  return Number(text) === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}
