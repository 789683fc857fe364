// Questions to the server about a set of lines and zones; the newest wins. Tracking a long video takes a while.

const PAUSES_MS = [300, 1000, 3000]; // after attempts without a connection
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

export async function posted(address, body, signal) {
  const response = await sent(address, { method: "POST", body: JSON.stringify(body), signal });
  if (!response.ok) throw new Error((await response.text()) || `The server answered ${response.status}.`);
  return response.json();
}

async function sent(address, options) {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await fetch(address, options);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      await pause(pauseMs);
    }
  }
  return fetch(address, options).catch(() => {
    throw new Error("The server cannot be reached.");
  });
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
