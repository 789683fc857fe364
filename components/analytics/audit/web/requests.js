// Frames are fetched ahead of time; answers are sent one after another while the next frames are shown.

import { answered } from "../../../web/requests.js";

export class Requests {
  frames = new Map(); // by entry: a promise of the frame with its picture
  answers = new Map(); // by entry: a promise of the end of an answer that is on its way
  last = Promise.resolve();

  // `url` of the view and its filters; all requests are about them. `view` is the same at another address.
  constructor({ url, query, model, job, classes }) {
    Object.assign(this, { url, query, view: JSON.stringify([job, model, query, classes]) });
  }

  report() {
    return asked(this.address("audit"));
  }

  models() {
    return asked(this.address("audit/models"));
  }

  begin(planned) {
    return asked(this.address("audit"), { planned });
  }

  // A frame and its picture, decoded.
  frame(entry) {
    if (!this.frames.has(entry)) {
      const found = (this.answers.get(entry) ?? Promise.resolve()).then(() => this.load(entry));
      found.catch(() => this.frames.delete(entry));
      this.frames.set(entry, found);
    }
    return this.frames.get(entry);
  }

  async load(entry) {
    const image = new Image();
    image.src = new URL(`${this.url}frames/${entry}.jpg?plain`, document.baseURI).href;
    const [frame] = await Promise.all([asked(this.address(`audit/frames/${entry}`)), decoded(image)]);
    return { frame, image };
  }

  // Returns the report after this answer. The frame is asked for again when it is shown the next time, after the answer.
  answer(entry, verdict) {
    const sent = this.last.then(() => asked(this.address(`audit/frames/${entry}`), verdict));
    this.last = sent.catch(() => {});
    this.answers.set(entry, this.last);
    this.frames.delete(entry);
    return sent;
  }

  address(path) {
    return new URL(`${this.url}${path}?${this.query}`, document.baseURI).href;
  }
}

async function decoded(image) {
  try {
    await image.decode();
  } catch {
    throw new Error("The picture of this frame could not be loaded.");
  }
}

// With a body, it is a POST that outlives the page.
function asked(address, body) {
  return answered(address, body ? { method: "POST", body: JSON.stringify(body), keepalive: true } : {});
}
