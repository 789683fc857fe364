// Draws lines and zones as SVG above the picture. It has the size of the stage; the picture may be zoomed below it.

import { distance, isZone, middle, pointsOf, towardsIn } from "./geometry.js";
import { GROUND } from "./region_set.js";

const NS = "http://www.w3.org/2000/svg";
const ARROW_PX = 26;
const HEAD_PX = 8;
const PAD_PX = 6;
const LABEL_PX = 20;
const NARROW_PX = 520; // width of the picture
const CORNER_PX = 16; // from a point of known distance to its number

export class Layer {
  widths = new Map(); // of the texts of labels, in pixels
  // `place()` is where the picture is, in pixels of the stage.
  constructor(svg, place) {
    this.svg = svg;
    this.place = place;
  }

  // A point of the picture in pixels of the stage.
  at([x, y]) {
    const { left, top, width, height } = this.place();
    return [left + x * width, top + y * height];
  }

  // The point of the picture below a pointer; outside of it, too.
  pointOf({ clientX, clientY }) {
    const box = this.svg.getBoundingClientRect();
    const { left, top, width, height } = this.place();
    return [(clientX - box.left - left) / width, (clientY - box.top - top) / height];
  }

  // Everything again. `labels` by id; `draft`: { kind, points, pointer } while something is being drawn.
  draw(shapes, { selected, labels, draft, scale, isEditing }) {
    const focused = this.svg.getRootNode().activeElement;
    const kept = this.svg.contains(focused) ? { ...focused.dataset } : null;
    const drawn = shapes.flatMap((shape) => this.shape(shape, shape.id === selected, labels[shape.id], isEditing));
    const [ground, corners] = scale ? this.scale(scale, isEditing) : [[], []];
    this.svg.replaceChildren(...ground, ...drawn, ...(draft ? this.draft(draft) : []));
    this.placed = []; // rectangles of labels
    for (const shape of shapes) this.label(shape, labels[shape.id]); // above all shapes
    this.svg.append(...corners);
    if (kept) this.focus(kept.id, kept.point);
  }

  focus(id, point) {
    const found = [...this.svg.querySelectorAll("[data-id]")].filter((node) => node.dataset.id === id && node.tabIndex === 0);
    (found.find((node) => node.dataset.point === point) ?? found[0])?.focus({ preventScroll: true });
  }

  shape(shape, isSelected, label, isEditing) {
    const points = pointsOf(shape).map((point) => this.at(point));
    const outline = (name) => element(isZone(shape) ? "polygon" : "polyline", { class: name, points: points.join(" ") });
    const visible = outline("visible");
    if (isZone(shape)) visible.style.fill = shape.color;
    visible.style.stroke = shape.color;
    const target = outline("target");
    const group = element("g", { class: `shape ${isZone(shape) ? "zone" : "line"}` }, [
      outline("halo"), visible, ...(isZone(shape) ? [] : this.arrow(points, shape.color)), target,
    ]);
    group.classList.toggle("selected", isSelected);
    Object.assign(group.dataset, { id: shape.id });
    if (isEditing) {
      group.setAttribute("tabindex", 0);
      group.setAttribute("role", "button");
      group.setAttribute("aria-pressed", isSelected);
      group.setAttribute("aria-label", [isZone(shape) ? "Zone" : "Line", shape.name, label?.long].filter(Boolean).join(", "));
    }
    return [group, ...(isSelected && isEditing ? this.handles(shape, points) : [])];
  }

  // From the middle of the line to where "in" is.
  arrow([start, end], color) {
    const [x, y] = middle([start, end]);
    const [dx, dy] = towardsIn(start, end);
    const tip = [x + dx * ARROW_PX, y + dy * ARROW_PX];
    const wing = (side) => [tip[0] - dx * HEAD_PX - side * dy * HEAD_PX * 0.7, tip[1] - dy * HEAD_PX + side * dx * HEAD_PX * 0.7];
    const path = `M${x},${y} L${tip} M${wing(1)} L${tip} L${wing(-1)}`;
    const arrow = element("path", { class: "arrow", d: path });
    arrow.style.stroke = color;
    return [element("path", { class: "arrow halo", d: path }), arrow];
  }

  // Name and numbers, beside the middle of a line and at the top of a zone; always inside of the stage.
  label(shape, label) {
    const points = pointsOf(shape).map((point) => this.at(point));
    const text = element("text", {});
    const isNarrow = this.svg.clientWidth < NARROW_PX;
    text.textContent = [shape.name, isNarrow ? label?.short : label?.long].filter(Boolean).join("  ");
    const plate = element("rect", { rx: 4, height: LABEL_PX });
    plate.style.fill = shape.color;
    const group = element("g", { class: "label", "aria-hidden": "true" }, [plate, text]);
    this.svg.append(group);
    const width = this.widthOf(text) + 2 * PAD_PX;
    const [x, y] = isZone(shape) ? top(points) : opposite(points, width);
    const { clientWidth, clientHeight } = this.svg.parentElement;
    const left = Math.max(Math.min(x - width / 2, clientWidth - width - 2), 2);
    const above = this.free({ left, width, above: Math.max(Math.min(y - LABEL_PX / 2, clientHeight - LABEL_PX - 2), 2) });
    Object.entries({ x: left, y: above, width }).forEach(([name, value]) => plate.setAttribute(name, value));
    text.setAttribute("x", left + PAD_PX);
    text.setAttribute("y", above + LABEL_PX / 2);
    text.style.fill = textColorOn(shape.color);
  }

  // Measured once: the browser must lay out the page for it.
  widthOf(text) {
    const { textContent } = text;
    if (!this.widths.has(textContent)) this.widths.set(textContent, text.getComputedTextLength());
    return this.widths.get(textContent);
  }

  // Where a label covers no other one: below those that are there, else above them; in the stage, if there is room.
  free({ left, width, above }) {
    const step = LABEL_PX + 1;
    const covers = (at) => (other) => left < other.left + other.width && other.left < left + width && Math.abs(at - other.above) < LABEL_PX;
    const next = (way) => {
      let at = above;
      for (let other; (other = this.placed.find(covers(at))); ) at = other.above + way * step;
      return at;
    };
    const [below, over] = [next(1), next(-1)];
    const free = below + LABEL_PX > this.svg.parentElement.clientHeight && over >= 0 ? over : below;
    this.placed.push({ left, width, above: free });
    return free;
  }

  handles(shape, points) {
    const named = points.map((point, at) => this.handle(point, { id: shape.id, point: at }, pointName(shape, at)));
    if (!isZone(shape)) return named;
    const between = points.map((point, at) => this.handle(middle([point, points[(at + 1) % points.length]]), { id: shape.id, between: at }));
    return [...between, ...named];
  }

  handle([cx, cy], data, name) {
    const group = element("g", { class: name ? "handle" : "handle between" }, [
      element("circle", { class: "target", cx, cy }), element("circle", { class: "visible", cx, cy }),
    ]);
    Object.assign(group.dataset, data);
    if (name) Object.entries({ tabindex: 0, role: "button", "aria-label": name }).forEach(([key, value]) => group.setAttribute(key, value));
    return group;
  }

  // The four points of known distance: their outline, and the points with their numbers.
  scale({ points }, isEditing) {
    const placed = points.map((point) => this.at(point));
    const numbers = placed.map(([x, y], at) => {
      const text = element("text", { class: "corner", x, y: isEditing ? y - CORNER_PX : y });
      text.textContent = at + 1;
      return text;
    });
    const ground = { id: GROUND, name: "the ground", points };
    const handles = placed.map((point, at) => this.handle(point, { id: GROUND, point: at }, pointName(ground, at)));
    return [[element("polygon", { class: "ground", points: placed.join(" ") })], [...(isEditing ? handles : []), ...numbers]];
  }

  draft({ kind, points, pointer }) {
    const placed = points.map((point) => this.at(point));
    const all = pointer && points.length ? [...placed, this.at(pointer)] : placed;
    const line = (name) => element("polyline", { class: `${name} draft ${kind}`, points: all.join(" ") });
    const dots = placed.map(([cx, cy], at) => element("circle", { class: at ? "dot" : "dot first", cx, cy }));
    return [line("halo"), line("visible"), ...(kind === "line" && all.length === 2 && distance(...all) > 1 ? this.arrow(all, "#fff") : []), ...dots];
  }
}

function pointName(shape, at) {
  const [x, y] = pointsOf(shape)[at].map((share) => Math.round(share * 100));
  const name = isZone(shape) ? `Point ${at + 1}` : at ? "End" : "Start";
  return `${name} of ${shape.name}, ${x}% across, ${y}% down`;
}

// The side of a line where no arrow is.
function opposite([start, end], width) {
  const [x, y] = middle([start, end]);
  const [dx, dy] = towardsIn(start, end);
  return [x - dx * (width / 2 + 8), y - dy * (LABEL_PX / 2 + 8)];
}

function top(points) {
  const [, y] = points.reduce((highest, point) => (point[1] < highest[1] ? point : highest));
  return [middle(points)[0], y + LABEL_PX / 2 + 4];
}

// Black or white, by higher contrast: relative luminance as in WCAG 2.2.
function textColorOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000" : "#fff";
}

function element(tag, attributes, children = []) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
