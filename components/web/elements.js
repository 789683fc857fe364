// Elements that several tabs draw.

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
