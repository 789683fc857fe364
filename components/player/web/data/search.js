// Entries by what is in them.

import { fetchPacked } from "./packed.js";

const STRETCH_ENTRIES = 256;

// The next entry with a visible detection in this direction; null if there is none.
export async function nextDetection(player, way) {
  const { boxes, times, entry } = player;
  if (!boxes) return null;
  for (let at = entry + way; at >= 0 && at < times.entries; ) {
    const number = Math.floor(at / STRETCH_ENTRIES);
    const first = way > 0 ? at : number * STRETCH_ENTRIES;
    const stop = way > 0 ? Math.min((number + 1) * STRETCH_ENTRIES, times.entries) : at + 1;
    if (mayHaveBoxes(player, first, stop)) {
      const counts = await boxes.countIn(first, stop, player.thresholdStep, player.isVisible);
      const found = way > 0 ? counts.findIndex(Boolean) : counts.findLastIndex(Boolean);
      if (found >= 0) return first + found;
    }
    at = way > 0 ? stop : first - 1;
  }
  return null;
}

// The next peak or disagreement in this direction; null if there is none.
export async function nextMoment(player, kind, way) {
  const { view, data, entry } = player;
  if (!data.targets.includes(kind)) return null;
  const query = view.filter;
  for (const edge of view.window ?? []) query.append("window", edge);
  const { entries } = await fetchPacked(`${data.view}moments/${kind}?${query}`);
  const found = way > 0 ? entries.find((at) => at > entry) : entries.findLast((at) => at < entry);
  return found ?? null;
}

// False if the counts show that there is no visible box in these entries.
function mayHaveBoxes({ chart: { counts }, thresholdStep: step, classList }, first, stop) {
  if (!counts?.boxes || !counts.points || first < counts.starts[0] || stop > counts.stop) return true;
  for (let point = 0; point < counts.points; point++) {
    if (counts.stopOf(point) <= first || counts.starts[point] >= stop) continue;
    const isFilled = classList.classes.some((_, code) => classList.isVisible(code) && counts.total(point, code, step));
    if (isFilled) return true;
  }
  return false;
}
