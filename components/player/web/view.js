// The view that Python and the browser share: frame, threshold, classes, time range, kind of chart. Python receives it at rest.

const REST_MS = 250;

export class View {
  confidence = 0;
  classes = null; // null: all
  window = null;
  chart = ""; // kind; empty: by width
  bucket_s = null; // duration of a point; null: automatic
  clock = false; // whether the axis shows the time of day
  start = ""; // of the recording, as typed
  entry = 0;
  seq = 0; // of the last state that was sent

  constructor(isBusy) {
    this.isBusy = isBusy;
    this.sent = {};
  }

  // Threshold and classes as query parameters.
  get filter() {
    const query = new URLSearchParams({ confidence: this.confidence });
    for (const name of this.classes ?? []) query.append("class", name);
    return query;
  }

  // The address that shows this view, also before Python has received it.
  get link() {
    const url = new URL(location.href);
    const given = { frame: [this.entry], confidence: [this.confidence], classes: this.classes ?? [], window: this.window ?? [] };
    for (const [name, values] of Object.entries(given)) {
      url.searchParams.delete(name);
      for (const value of values) url.searchParams.append(name, typeof value === "number" ? round(value) : value);
    }
    return url.href;
  }

  // Take over what Python has changed; returns it. While it has not processed everything sent, it has changed nothing.
  receive(component, isNew) {
    this.component = component;
    const { seq, command, ...state } = component.data.state;
    const isCommand = !isNew && command !== this.command;
    this.command = command;
    if (!isNew && !isCommand && seq !== this.seq) return {};
    const changed = Object.entries(state).filter(([name, value]) => isNew || !isEqual(value, this.sent[name]));
    const adopted = Object.fromEntries(changed);
    Object.assign(this, adopted);
    this.sent = { ...this.sent, ...adopted };
    this.seq = isNew ? seq : this.seq;
    return { ...adopted, isCommand, ...(isCommand ? { entry: state.entry } : {}) };
  }

  // A change that is at rest: sent when no other follows.
  rest(change) {
    Object.assign(this, change);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), REST_MS);
  }

  // Send nothing for now: playing begins.
  hold() {
    clearTimeout(this.timer);
    this.timer = null;
  }

  send() {
    this.hold();
    const { confidence, classes, window, chart, bucket_s, clock, start } = this;
    const entry = this.isBusy() ? this.sent.entry : this.entry;
    const state = { entry, confidence, classes, window, chart, bucket_s, clock, start };
    if (isEqual(state, this.sent) || !this.component) return;
    this.sent = state;
    this.seq += 1;
    this.component.setStateValue("view", { seq: this.seq, ...state });
  }

  close() {
    clearTimeout(this.timer);
  }
}

// In hundredths, as Python writes them.
function round(value) {
  return Math.round(value * 100) / 100;
}

function isEqual(one, other) {
  return JSON.stringify(one, keysOf(one)) === JSON.stringify(other, keysOf(other));
}

// Sorted, so that the order of keys does not count.
function keysOf(value) {
  return value && typeof value === "object" && !Array.isArray(value) ? Object.keys(value).sort() : undefined;
}
