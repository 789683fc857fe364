// The file with labels: which one is kept, and the form that chooses another.

import { element } from "../../../web/elements.js";
import { plural } from "../../../web/formatting.js";

export class Choosing {
  constructor(root, { onFile, onAdopt, onRemove }) {
    this.onAdopt = onAdopt;
    const find = (selector) => root.querySelector(selector);
    [this.file, this.about, this.form] = [".file", ".about", ".choosing"].map(find);
    this.others = find(".others");
    [this.label, this.remove] = [find(".upload span"), find(".remove")];
    const [input, first, step] = [find(".upload input"), find(".first"), find(".step")];
    const dialog = find(".removing");
    this.form.onsubmit = (event) => event.preventDefault();
    input.onchange = () => {
      const [file] = input.files;
      if (file && step.reportValidity()) onFile(file, { first: first.value, step: step.value });
      input.value = ""; // the same file may be chosen again
    };
    this.remove.onclick = () => dialog.showModal();
    dialog.onclose = () => {
      if (dialog.returnValue === "remove") onRemove();
      dialog.returnValue = "";
    };
  }

  // `others`: labels of other jobs of the video, which can be used as long as there are none.
  show(file, { can_set: canSet, others }) {
    this.others.hidden = Boolean(file) || !others.length;
    this.others.replaceChildren(
      ...others.map(({ job, name }) => {
        const button = element("button", `Use ${name} of another job`, { type: "button" });
        button.onclick = () => this.onAdopt(job);
        return button;
      }),
    );
    this.file.hidden = !file;
    this.form.hidden = !canSet;
    this.remove.hidden = !canSet;
    this.label.textContent = file ? "Replace…" : "Choose a file…";
    this.label.parentElement.classList.toggle("primary", !file);
    if (file) this.about.replaceChildren(element("b", file.name), ` · ${describe(file)}`);
  }
}

function describe({ format, frames, has_boxes: hasBoxes, kept_at: keptAt, by }) {
  const day = new Date(keptAt).toLocaleDateString("en-US", { day: "numeric", month: "short", year: "numeric" });
  const what = `${format} · ${plural(frames, "labeled frame")}${hasBoxes ? "" : ", counts only"}`;
  return `${what} · chosen${by ? ` by ${by}` : ""} on ${day}`;
}
