// Small helpers of this tab: elements, and numbers as they are written on the page.

export function element(tag, text = "", attributes = {}) {
  const node = document.createElement(tag);
  node.textContent = text;
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

export function swatch(color) {
  const node = element("span", "", { class: "swatch", "aria-hidden": "true" });
  node.style.background = color;
  return node;
}

// A position in a video: `0:39.9`, `1:02:03.0`.
export function formatTime(seconds) {
  const tenths = Math.round(Math.max(seconds, 0) * 10);
  const [hours, minutes] = [Math.floor(tenths / 36000), Math.floor((tenths % 36000) / 600)];
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

export function formatCount(value) {
  return value.toFixed(2);
}

export function formatShare(value) {
  return `${(100 * value).toFixed(0)} %`;
}

// `2.22 to 2.41`
export function formatRange([low, high], format) {
  return `${format(low)} to ${format(high)}`;
}

export function plural(count, singular, several = `${singular}s`) {
  return `${count.toLocaleString("en-US")} ${count === 1 ? singular : several}`;
}
