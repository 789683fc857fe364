// The sets of lines and zones that are saved under the names of cameras: open, save, delete, to and from a file.

import { element } from "../../../../web/elements.js";

const NEW = "New";

export class Sets {
  // `onOpen(set)` with a set that was chosen, `onAct(name, details)` for what Python does: save, delete, open.
  constructor(root, { onOpen, onAct, current, onFailure }) {
    Object.assign(this, { root, onOpen, onAct, current, onFailure });
    const find = (selector) => root.querySelector(selector);
    [this.camera, this.state] = [".camera", ".saved"].map(find);
    [this.naming, this.deleting, this.leaving] = [".naming", ".deleting", ".leaving"].map(find);
    this.camera.onchange = () => (this.isChanged ? this.askToLeave() : this.choose(this.camera.value));
    find(".save").onclick = () => (this.name ? this.save(this.name) : this.askName());
    find(".save-as").onclick = () => this.askName();
    find(".delete").onclick = () => this.askDeletion();
    find(".download").onclick = () => this.download();
    find(".upload input").onchange = (event) => this.upload(event.target);
    this.naming.onclose = () => this.naming.returnValue === "save" && this.save(this.naming.querySelector(".given").value.trim());
    this.naming.querySelector(".given").oninput = () => this.warn();
    this.leaving.onclose = () => this.leave(this.leaving.returnValue === "leave");
    this.deleting.onclose = () => this.deleting.returnValue === "delete" && this.onAct("delete", { camera: this.name });
  }

  // What Python knows: `sets` with their JSON, the name in the page's address, whether this person may save.
  update({ sets, camera, can_save: canSave }) {
    const names = Object.keys(sets);
    this.sets = sets;
    this.name = names.includes(camera) ? camera : "";
    const options = ["", ...names].map((name) => Object.assign(element("option", name || NEW), { value: name }));
    this.camera.replaceChildren(...options);
    this.camera.value = this.name;
    for (const name of ["save", "save-as"]) this.root.querySelector(`.${name}`).hidden = !canSave;
    this.root.querySelector(".delete").hidden = !canSave || !this.name;
    this.root.querySelector(".save-as").hidden ||= !this.name;
  }

  get saved() {
    return this.sets[this.name]?.set ?? null;
  }

  tell(isChanged) {
    this.isChanged = isChanged;
    this.state.textContent = isChanged ? "Unsaved changes" : this.name ? "Saved" : "";
    this.root.querySelector(".save").disabled = !isChanged;
  }

  choose(name) {
    this.name = name;
    this.given = null;
    this.onOpen(this.saved);
    this.onAct("open", { camera: name });
  }

  askName() {
    const given = this.naming.querySelector(".given");
    given.value = this.name;
    this.warn();
    this.naming.returnValue = "";
    this.naming.showModal();
    given.select();
  }

  // Another set has this name.
  warn() {
    const name = this.naming.querySelector(".given").value.trim();
    const isTaken = name !== this.name && Object.hasOwn(this.sets, name);
    this.naming.querySelector(".taken").textContent = isTaken ? `This replaces the lines and zones of “${name}”.` : "";
  }

  askToLeave() {
    this.wanted = this.camera.value;
    this.leaving.returnValue = "";
    this.leaving.showModal();
  }

  leave(isSure) {
    this.camera.value = isSure ? this.wanted : this.name;
    if (isSure) this.choose(this.wanted);
  }

  save(name) {
    if (!name) return;
    const basedOn = this.sets[name]?.revision ?? 0;
    this.given = { name, set: { ...this.current(), camera: name } };
    this.onAct("save", { camera: name, set: this.given.set, based_on: basedOn });
  }

  askDeletion() {
    this.deleting.querySelector("p").textContent = `“${this.name}” is deleted for everyone. Results are not changed.`;
    this.deleting.returnValue = "";
    this.deleting.showModal();
  }

  download() {
    const text = JSON.stringify(this.current(), null, 1);
    const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    Object.assign(document.createElement("a"), { href: url, download: "regions.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  async upload(input) {
    const [file] = input.files;
    input.value = "";
    if (!file) return;
    try {
      const set = JSON.parse(await file.text());
      if (!isUsable(set)) throw new Error("it has another form");
      this.onOpen(set, { isNew: true });
    } catch (error) {
      this.onFailure(`${file.name} has no lines and zones that can be opened (${error.message}).`);
    }
  }
}

// Whether it can be drawn; the server says what else is wrong with it.
function isUsable(set) {
  const isPoint = (point) => Array.isArray(point) && point.length === 2 && point.every(Number.isFinite);
  const isNamed = ({ id, name, color = "" }) => [id, name, color].every((text) => typeof text === "string");
  const isLine = (line) => isNamed(line) && isPoint(line.start) && isPoint(line.end);
  const isZone = (zone) => isNamed(zone) && Array.isArray(zone.points) && zone.points.length > 2 && zone.points.every(isPoint);
  const isList = (list, isOne, count = list?.length) => Array.isArray(list) && list.length === count && list.every(isOne);
  const isScale = ({ points, sides_m: sides }) => isList(points, isPoint, 4) && isList(sides, Number.isFinite, 4);
  const { lines = [], zones = [], rules = [], scale } = set ?? {};
  const hasShapes = Array.isArray(set?.lines ?? set?.zones) && isList(lines, isLine) && isList(zones, isZone);
  return hasShapes && isList(rules, Boolean) && (!scale || isScale(scale));
}
