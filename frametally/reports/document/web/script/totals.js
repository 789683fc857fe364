// The table of each class.
import { amount, moment, share } from "./texts.js";

export function showTotals(at, side, counts, view, confidence) {
  const table = document.querySelector(`table[data-side="${at}"]`);
  if (!table) return; // no class
  side.classes.forEach((own, code) => {
    const row = counts.row(view.step, code);
    const line = table.tBodies[0].rows[code];
    const texts = [amount(row.mean, 2), amount(row.peak, 0), share(row.present), moment(row.present_s), moment(row.first_seen_s), moment(row.last_seen_s)];
    texts.forEach((text, column) => {
      const cell = line.cells[column + 1];
      cell.dataset.own ??= cell.textContent; // Python rounds halves to even: back at its threshold, a brief shows what it did
      cell.textContent = view.step === null ? cell.dataset.own : text;
    });
    line.classList.toggle("off", view.off.has(own.name));
  });
  const shown = view.step === null ? confidence : view.step / 100;
  const frames = `${amount(side.analyzed, 0)} analyzed ${side.analyzed === 1 ? "frame" : "frames"}`;
  document.querySelector(`[data-totals="${at}"]`).textContent = `At min. confidence ${Number(shown.toFixed(4))}, ${frames}.`;
}
