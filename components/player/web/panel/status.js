// What the picture shows, in words: an exact analyzed frame, or boxes that are held until the next one.

import { formatTime } from "../../../web/formatting.js";

const FLASH_MS = 2500;

export class Status {
  constructor(root) {
    this.badge = root.querySelector(".badge");
    this.live = root.querySelector("[role=status]");
    this.remark = root.querySelector(".note");
    this.flash = root.querySelector(".flash");
    this.text = "";
    this.isMissing = false;
  }

  playing(times, frame, entry) {
    if (entry < 0) return this.set("", "before the first analyzed frame");
    if (!times.isAnalyzed(entry)) return this.set("missing", "not analyzed");
    const heldS = times.frameS[frame] - times.frameS[times.frame[entry]];
    this.set(heldS > 0 ? "held" : "exact", heldS > 0 ? `held +${heldS.toFixed(2)} s` : "exact");
  }

  resting(times, entry) {
    const isAnalyzed = times.isAnalyzed(entry);
    const damage = times.isDamaged(entry) ? "damaged" : "";
    this.set(isAnalyzed ? damage || "exact" : "missing", isAnalyzed ? damage || "exact" : "not analyzed");
    this.announce(this.describe(times, entry));
  }

  describe(times, entry) {
    const isAnalyzed = times.isAnalyzed(entry) ? "" : ", not analyzed";
    return `Frame ${times.frame[entry].toLocaleString("en-US")} at ${formatTime(times.timeS[entry])}${isAnalyzed}`;
  }

  // A remark below the picture; none if the text is empty.
  note(text) {
    this.text = text;
    const shown = text || (this.isMissing ? "The detections cannot be loaded. Trying again…" : "");
    this.remark.textContent = shown;
    this.remark.hidden = !shown;
  }

  // Whether detections are missing because they could not be loaded.
  setMissing(isMissing) {
    if (isMissing === this.isMissing) return;
    this.isMissing = isMissing;
    this.note(this.text);
  }

  set(kind, text) {
    if (this.badge.textContent === text) return;
    this.badge.textContent = text;
    this.badge.dataset.kind = kind;
  }

  announce(text) {
    this.live.textContent = text;
  }

  // Show a text for a moment, too.
  tell(text) {
    this.announce(text);
    this.flash.textContent = text;
    this.flash.hidden = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.flash.hidden = true), FLASH_MS);
  }
}
