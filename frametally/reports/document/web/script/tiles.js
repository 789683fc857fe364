// The numbers at the top.
import { amount, clock } from "./texts.js";

function set(tile, value, detail, color = "") {
  if (!tile) return;
  tile.querySelector(".value").textContent = value;
  const place = tile.querySelector(".detail");
  const text = document.createElement("span");
  text.textContent = detail;
  const swatch = document.createElement("i");
  swatch.style.background = color;
  place.replaceChildren(...(color ? [swatch, text] : [text]));
}

export function showTiles(at, side, counts, view) {
  const tiles = document.querySelector(`.tiles[data-side="${at}"]`);
  if (!tiles) return;
  const tile = (name) => tiles.querySelector(`[data-tile="${name}"]`);
  if (view.step === null && !view.off.size) {
    for (const { name, value, detail, color } of side.highlights) set(tile(name), value, detail, color);
    return;
  }
  const codes = side.classes.flatMap((row, code) => (view.off.has(row.name) ? [] : [code]));
  const found = counts.highlights(view.step, codes);
  if (!found) {
    for (const { name } of side.highlights) set(tile(name), "–", "");
    return;
  }
  const peak = found.peak ? side.classes[found.peakCode] : null;
  set(tile("Peak"), amount(found.peak, 0), peak?.name ?? "", peak?.color ?? "");
  const { busiest } = found;
  set(tile("Busiest"), busiest ? `${clock(busiest.first_s)}–${clock(busiest.last_s)}` : "none", busiest ? `${busiest.mean.toFixed(1)} per frame` : "");
  set(tile("Mean"), found.mean.toFixed(1), "per frame");
  set(tile("Classes"), amount(found.classes, 0), "with detections");
}
