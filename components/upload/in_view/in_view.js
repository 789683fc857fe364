// Scrolls to a container of the page, once for each run that is named. What is drawn above may still change its height:
// the container is followed for a moment, unless the user scrolls.

const AGAIN_MS = [0, 300, 1000];
const BY_USER = ["wheel", "touchmove", "keydown", "pointerdown"];
const shown = new Set();

export default function ({ data: { container, run } }) {
  if (shown.has(run)) return;
  shown.add(run);
  const timers = AGAIN_MS.map((wait) => setTimeout(() => show(container), wait));
  const stop = () => timers.forEach(clearTimeout);
  for (const act of BY_USER) window.addEventListener(act, stop, { once: true, passive: true });
}

function show(container) {
  const found = document.querySelector(`.st-key-${CSS.escape(container)}`);
  if (!found) return;
  const { top, bottom } = found.getBoundingClientRect();
  if (top >= 0 && bottom <= innerHeight) return;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  found.scrollIntoView({ block: "center", behavior: isStill ? "auto" : "smooth" });
}
