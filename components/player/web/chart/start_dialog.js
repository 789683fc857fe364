// Asks for the start of the recording, where the video does not tell it or tells it wrong.

import { localText, offsetText, zones } from "./clock.js";

export class StartDialog {
  // `onStart(text)` with ISO 8601 and a time zone, empty for what the video tells; `onCancel` otherwise.
  constructor(dialog, { onStart, onCancel }) {
    this.dialog = dialog;
    this.time = dialog.querySelector("input");
    this.zone = dialog.querySelector("select");
    dialog.querySelector("form").onsubmit = (event) => {
      event.preventDefault();
      onStart(this.time.value + offsetText(Number(this.zone.value)));
      dialog.close("saved");
    };
    dialog.querySelector(".reset").onclick = () => {
      onStart("");
      dialog.close("saved");
    };
    dialog.querySelector(".cancel").onclick = () => dialog.close();
    dialog.onclose = () => {
      if (dialog.returnValue !== "saved") onCancel();
      dialog.returnValue = "";
    };
  }

  // `clock`: the start that is known, or null; `isTyped`: by the user.
  open(clock, isTyped) {
    const options = zones(clock?.startMs).map(([minutes, label]) => new Option(label, minutes));
    const unknown = Object.assign(new Option("Choose…", ""), { disabled: true });
    this.zone.replaceChildren(unknown, ...options);
    this.zone.value = clock ? String(clock.zoneMinutes) : "";
    this.time.value = clock ? localText(clock) : "";
    this.dialog.querySelector(".reset").hidden = !isTyped;
    this.dialog.showModal();
  }
}
