// The worst seconds first. A click moves the playhead, and shows the frame with what is missing and too many.

import { element } from "../../../web/elements.js";
import { formatMean, formatTime } from "../../../web/formatting.js";

const LEGEND = [["missing", "#ffd23f"], ["too many", "#ff4d4d"], ["right", "#35c2a1"]]; // as in pictures.py

// `seconds` with their `entry`; the picture needs boxes, and the `size` of the video.
export function worstSection(seconds, { url, query, size, hasBoxes, onSeek }) {
  const part = element("section");
  part.append(element("h2", "Worst seconds"));
  if (!seconds.length) {
    part.append(element("p", "No frame differs from its labels."));
    return part;
  }
  const picture = size && hasBoxes ? new Picture({ url, query, size }) : null;
  const list = element("ol", "", { class: "worst" });
  const buttons = seconds.map((second) => {
    const button = element("button", "", { type: "button" });
    button.append(element("time", formatTime(second.time_s)), element("span", describe(second)), errorsOf(second));
    button.onclick = () => {
      mark(buttons, button);
      picture?.show(second);
      onSeek(second.entry);
    };
    const item = element("li");
    item.append(button);
    list.append(item);
    return button;
  });
  const box = element("div", "", { class: "columns" });
  box.append(list, ...(picture ? [picture.root] : []));
  part.append(box, element("p", "Missing and extra objects per frame, in the mean of each second. Click to see the frame that differs most.", { class: "meaning" }));
  mark(buttons, buttons[0]);
  picture?.show(seconds[0]);
  return part;
}

class Picture {
  constructor({ url, query, size: [width, height] }) {
    Object.assign(this, { url, query });
    this.root = element("figure");
    this.image = element("img", "", { width, height, decoding: "async" });
    const key = element("figcaption", "", { class: "choices" });
    for (const [name, color] of LEGEND) {
      const one = element("span", "", { class: "key" });
      const stroke = element("i", "", { "aria-hidden": "true" });
      stroke.style.setProperty("--color", color);
      one.append(stroke, name);
      key.append(one);
    }
    this.root.append(this.image, key);
  }

  // The picture before stays until this one is loaded.
  show(second) {
    this.image.src = new URL(`${this.url}truth/frames/${second.entry}.jpg?${this.query}`, document.baseURI).href;
    this.image.alt = `${formatTime(second.time_s)}. ${describe(second)}`;
  }
}

function mark(buttons, current) {
  for (const button of buttons) button.toggleAttribute("aria-current", button === current);
  current.setAttribute("aria-current", "true");
}

function describe({ differences }) {
  const texts = differences.map(({ name, missing, extra }) => {
    const parts = [missing && `${missing} missing`, extra && `${extra} too many`];
    return `${name}: ${parts.filter(Boolean).join(", ")}`;
  });
  return texts.join(" · ");
}

function errorsOf({ errors_per_frame: errors }) {
  return element("em", `${formatMean(errors)} ${errors === 1 ? "error" : "errors"}`);
}
