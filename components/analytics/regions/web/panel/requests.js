// Questions to the server about a set of lines and zones; the newest wins. Tracking a long video takes a while.

import { answered, pause } from "../../../../web/requests.js";

const POLL_MS = 500;

export class Answers {
  constructor({ onAnswer, onProgress, onFailure }) {
    Object.assign(this, { onAnswer, onProgress, onFailure });
  }

  // Ask at this address with this body; what was asked before is dropped.
  async ask(address, body) {
    this.request?.abort();
    const { signal } = (this.request = new AbortController());
    try {
      for (;;) {
        const answer = await posted(address, body, signal);
        if (signal.aborted) return;
        if (answer.state !== "running") return this.onAnswer(answer);
        this.onProgress(answer.share);
        await pause(POLL_MS);
        if (signal.aborted) return;
      }
    } catch (error) {
      if (!signal.aborted) this.onFailure(error);
    }
  }

  close() {
    this.request?.abort();
  }
}

export function posted(address, body, signal) {
  return answered(address, { method: "POST", body: JSON.stringify(body), signal });
}
