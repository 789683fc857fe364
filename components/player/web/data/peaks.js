// The peak of each class at the threshold and in the time range of the view, asked for when they rest.

import { fetchPacked } from "./packed.js";

const REST_MS = 150;

export class Peaks {
  // `onPeaks({peak, entry})`: by class; null while they are unknown.
  constructor(onPeaks) {
    this.onPeaks = onPeaks;
  }

  want(url, { confidence, window }) {
    const query = [`confidence=${confidence}`, ...(window ?? []).map((edge) => `window=${edge}`)].join("&");
    const address = `${url}peaks?${query}`;
    if (address === this.address) return;
    this.address = address;
    this.onPeaks(null);
    this.cancel();
    this.timer = setTimeout(() => this.load(address), REST_MS);
  }

  async load(address) {
    const request = (this.request = new AbortController());
    try {
      const peaks = await fetchPacked(address, { signal: request.signal });
      if (this.address === address) this.onPeaks(peaks);
    } catch {
      if (this.address === address) this.address = null; // asked again with the next change
    }
  }

  cancel() {
    clearTimeout(this.timer);
    this.request?.abort();
  }

  close() {
    this.cancel();
  }
}
