// The frame with its boxes: those of the model can be struck out, missed ones are dragged or added by keyboard.

import { element } from "../../../web/elements.js";

const DRAG_PX = 6; // less is a click
const EDGE_PX = 6; // a click so close to a box is on it
const MANY = 12; // with more boxes, their labels are hidden
const NEAR_TOP = 0.06; // labels of boxes so high are inside
const STEP = 0.01;
const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Picture {
  boxes = []; // { code, xyxy, isFalse, isAdded }
  code = 0; // of boxes that are added
  ignored = []; // classes whose boxes do not matter

  constructor(root, { onChange }) {
    this.root = root;
    this.onChange = onChange;
    [this.image, this.layer, this.unclear] = ["img", ".boxes", ".unclear"].map((name) => root.querySelector(name));
    root.addEventListener("pointerdown", (event) => this.press(event));
    root.addEventListener("pointermove", (event) => this.drag(event));
    root.addEventListener("pointerup", (event) => this.release(event));
    root.addEventListener("pointercancel", () => this.cancel());
  }

  // Draw a frame; `classes` with names and colors.
  show({ frame, image }, classes) {
    this.cancel();
    const hadFocus = this.layer.contains(this.root.getRootNode().activeElement);
    Object.assign(this, { frame, classes, isChanged: false, isUnclear: frame.is_unclear });
    const found = frame.boxes.map(({ code, xyxy, is_false: isFalse }) => ({ code, xyxy, isFalse, isAdded: false }));
    const added = frame.added.map(({ code, xyxy }) => ({ code, xyxy, isFalse: false, isAdded: true }));
    this.boxes = [...found, ...added];
    Object.assign(image, { alt: "", draggable: false });
    this.image.replaceWith(image); // it is decoded: nothing flickers
    this.image = image;
    this.draw();
    if (hadFocus) this.root.focus({ preventScroll: true });
  }

  get found() {
    return this.boxes.filter((box) => !box.isAdded);
  }

  // What the server keeps.
  verdict(isUnclear) {
    const falseOnes = this.found.flatMap((box, at) => (box.isFalse ? [at] : []));
    const added = this.boxes.filter((box) => box.isAdded).map(({ code, xyxy }) => ({ code, xyxy }));
    return { boxes: this.found.length, false: isUnclear ? [] : falseOnes, added: isUnclear ? [] : added, is_unclear: isUnclear };
  }

  // The boxes of these classes do not matter: their number is typed.
  ignore(codes) {
    this.ignored = codes;
    if (this.frame) this.draw();
  }

  // Classes of added boxes; one that has just been added, too.
  choose(code) {
    this.code = code;
    const box = this.focused;
    if (!box?.isAdded) return;
    box.code = code;
    this.change(box);
  }

  // A box in the middle, to be moved with the arrow keys.
  add(xyxy = [0.4, 0.4, 0.6, 0.6]) {
    const box = { code: this.code, xyxy, isFalse: false, isAdded: true };
    this.boxes.push(box);
    this.change(box);
  }

  // Whether the key did something with the box that has the focus.
  pressKey({ key, shiftKey }) {
    const box = this.focused;
    if (!box) return false;
    if (key === " ") this.toggle(box);
    else if (key === "Delete" && box.isAdded) this.toggle(box);
    else if (key in MOVES && box.isAdded) this.move(box, MOVES[key], shiftKey);
    else return false;
    return true;
  }

  get focused() {
    const node = this.root.getRootNode().activeElement;
    return this.boxes.find((box) => box.node === node) ?? null;
  }

  // With `isSize`, the lower right corner alone.
  move(box, [dx, dy], isSize) {
    const [left, top, right, bottom] = box.xyxy;
    const next = isSize ? [left, top, right + dx, bottom + dy] : [left + dx, top + dy, right + dx, bottom + dy];
    const isInside = next.every((edge) => edge >= -1e-9 && edge <= 1 + 1e-9);
    if (!isInside || next[2] - next[0] < STEP / 2 || next[3] - next[1] < STEP / 2) return;
    box.xyxy = next.map((edge) => Math.min(Math.max(edge, 0), 1));
    this.change(box);
  }

  // One of the model is struck out or brought back; an added one is removed.
  toggle(box) {
    if (box.isAdded) this.boxes.splice(this.boxes.indexOf(box), 1);
    else box.isFalse = !box.isFalse;
    this.change(box.isAdded ? null : box);
  }

  change(focused) {
    this.isChanged = true;
    this.isUnclear = false;
    this.draw();
    (focused?.node ?? this.root).focus({ preventScroll: true });
    this.onChange();
  }

  press(event) {
    if (event.button !== 0 || !event.isPrimary || !this.frame) return;
    event.preventDefault(); // neither focus nor selection
    this.root.focus({ preventScroll: true });
    this.root.setPointerCapture(event.pointerId);
    this.start = this.at(event);
  }

  drag(event) {
    if (!this.start) return;
    const xyxy = between(this.start, this.at(event));
    if (!this.rubber && !this.isDrag(xyxy)) return;
    this.rubber ??= this.layer.appendChild(element("div", "", { class: "box added" }));
    this.rubber.style.setProperty("--color", this.classes[this.code].color);
    place(this.rubber, xyxy);
  }

  release(event) {
    if (!this.start) return;
    const [start, end] = [this.start, this.at(event)];
    const isDrag = Boolean(this.rubber);
    this.cancel();
    if (isDrag) {
      const xyxy = between(start, end);
      if (xyxy[2] > xyxy[0] && xyxy[3] > xyxy[1]) this.add(xyxy);
      return;
    }
    const box = this.boxAt(end);
    if (box) this.toggle(box);
  }

  cancel() {
    this.start = null;
    this.rubber?.remove();
    this.rubber = null;
  }

  // The smallest box at this point.
  boxAt([x, y]) {
    const { width, height } = this.root.getBoundingClientRect();
    const [dx, dy] = [EDGE_PX / width, EDGE_PX / height];
    const counted = this.boxes.filter(({ code }) => !this.ignored.includes(code));
    const hit = counted.filter(({ xyxy: [left, top, right, bottom] }) => x >= left - dx && x <= right + dx && y >= top - dy && y <= bottom + dy);
    const area = ({ xyxy: [left, top, right, bottom] }) => (right - left) * (bottom - top);
    return hit.sort((a, b) => area(a) - area(b))[0] ?? null;
  }

  at({ clientX, clientY }) {
    const { left, top, width, height } = this.root.getBoundingClientRect();
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    return [inside((clientX - left) / width), inside((clientY - top) / height)];
  }

  isDrag([left, top, right, bottom]) {
    const { width, height } = this.root.getBoundingClientRect();
    return Math.max((right - left) * width, (bottom - top) * height) > DRAG_PX;
  }

  draw() {
    this.boxes.forEach((box) => this.drawBox(box));
    const nodes = this.boxes.map((box) => box.node);
    for (const node of [...this.layer.children]) if (!nodes.includes(node)) node.remove();
    nodes.forEach((node) => node.isConnected || this.layer.append(node));
    this.layer.classList.toggle("many", nodes.length > MANY);
    this.unclear.hidden = !this.isUnclear;
  }

  drawBox(box) {
    const { name, color } = this.classes[box.code];
    box.node ??= element("button", "", { type: "button" });
    box.node.className = ["box", box.isAdded && "added", box.isFalse && "false", this.ignored.includes(box.code) && "counted", box.xyxy[1] < NEAR_TOP && "low"].filter(Boolean).join(" ");
    box.node.setAttribute("aria-label", `${name}, ${box.isAdded ? "added" : "found"}${box.isFalse ? ", false" : ""}`);
    if (!box.isAdded) box.node.setAttribute("aria-pressed", String(box.isFalse));
    box.node.style.setProperty("--color", color);
    box.node.replaceChildren(element("span", name, { "aria-hidden": "true" }));
    place(box.node, box.xyxy);
  }
}

function place(node, [left, top, right, bottom]) {
  const percent = (value) => `${100 * value}%`;
  Object.assign(node.style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
}

function between([x, y], [otherX, otherY]) {
  return [Math.min(x, otherX), Math.min(y, otherY), Math.max(x, otherX), Math.max(y, otherY)];
}
