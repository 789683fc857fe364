// One file on its way: in pieces, again after a cut, on from where it was after a reload, not at all where it is here.

const MAX_FAILURES = 30; // in a row, about seven minutes
const SPEED_WINDOW_MS = 6_000;

class Upload {
  phase = "queued"; // comparing, sending, waiting, checking; paused; done, failed
  url = null;
  video = null; // the sha256 it was kept under
  sentBytes = 0;
  comparedBytes = 0;
  wentOnFrom = 0;
  wasHere = false;
  reason = "";
  run = 0; // a run whose number is no longer this one was stopped
  samples = [];

  constructor(file, uploader) {
    this.file = file;
    this.uploader = uploader;
    this.digest = new BlockDigest(file);
  }

  get isActive() {
    return ["comparing", "sending", "waiting", "checking"].includes(this.phase);
  }

  isOf(file) {
    return ["name", "size", "lastModified"].every((trait) => file[trait] === this.file[trait]);
  }

  async go() {
    const run = ++this.run;
    this.samples = [];
    this.reason = "";
    this.show("sending");
    try {
      const video = await this.transfer(run);
      if (run !== this.run) return;
      this.video = video;
      this.sentBytes = this.file.size;
      remember(this.fingerprint, null);
      this.show("done");
    } catch (error) {
      if (run !== this.run) return;
      if ([413, 422].includes(error.status)) this.forget(); // nothing is left of it there
      this.reason = error.message;
      this.show(error.isPassing ? "paused" : "failed");
    }
    this.uploader.moved();
  }

  // Stop sending; what has arrived stays.
  stop(phase) {
    this.run++;
    this.request?.abort();
    if (phase === "paused" && this.url) this.note(this.sentBytes);
    this.show(phase);
    this.uploader.moved();
  }

  discard() {
    if (this.phase !== "done" && this.url) send("DELETE", this.url).catch(() => {}); // a lost one is removed when it is stale
    if (this.fingerprint) remember(this.fingerprint, null);
    this.stop("gone");
  }

  async transfer(run) {
    this.fingerprint ??= await fingerprintOf(this.file);
    if (!this.url) this.url = remembered()[this.fingerprint]?.url ?? null;
    for (let failures = 0, furthest = 0; ; ) {
      try {
        let offset = await this.begin(run);
        if (this.video) return this.video;
        for (;;) {
          if (offset > furthest) [failures, furthest] = [0, offset];
          const answer = await this.sendPiece(run, offset);
          if (videoOf(answer)) return videoOf(answer);
          offset = offsetOf(answer);
          this.note(offset);
        }
      } catch (error) {
        if (!(error instanceof Dropped) || run !== this.run) throw error;
        await read(this.file, 0, 1);
        if (++failures > MAX_FAILURES) {
          const reason = "The server cannot be reached. What has arrived stays there: resume when it is back.";
          throw Object.assign(new Refused(reason), { isPassing: true });
        }
        this.show("waiting");
        await pause(Math.min(15_000, 250 * 2 ** failures) * (0.75 + Math.random() / 2));
        if (run !== this.run) throw error;
      }
    }
  }

  // Where to go on: where the server is with an upload that it knows, else at the start of a new one.
  async begin(run) {
    const offset = this.url ? await this.ask(run) : null;
    if (offset !== null || this.video) return offset;
    this.wentOnFrom = 0;
    await this.create(run);
    return 0;
  }

  async ask(run) {
    try {
      const answer = await this.send(run, "HEAD", this.url);
      this.video = videoOf(answer);
      if (!this.samples.length) this.wentOnFrom = offsetOf(answer);
      this.note(offsetOf(answer));
      return offsetOf(answer);
    } catch (error) {
      if (error.status !== 404) throw error;
      this.forget();
      return null;
    }
  }

  forget() {
    this.url = null;
    remember(this.fingerprint, null);
  }

  async create(run) {
    const address = new URL("frametally/uploads/", document.baseURI);
    const post = (digest) => {
      const name = toBase64(new TextEncoder().encode(this.file.name));
      const headers = { Authorization: `Bearer ${this.uploader.ticket}`, "Upload-Length": this.file.size };
      if (digest) headers["Frametally-Digest"] = digest;
      return this.send(run, "POST", address, { headers: { ...headers, "Upload-Metadata": `filename ${name}` } });
    };
    const answer = await post(CAN_DIGEST ? "ask" : "").catch(async (error) => {
      if (error.status !== 428) throw error;
      return post(await this.compare(run));
    });
    this.video = videoOf(answer);
    this.wasHere = Boolean(this.video);
    if (this.video) return;
    this.url = new URL(answer.getResponseHeader("Location"), address).href;
    this.note(0);
  }

  compare(run) {
    return this.digest.whole((bytes) => {
      if (run !== this.run) throw new Dropped();
      this.comparedBytes = bytes;
      this.show("comparing");
    });
  }

  async sendPiece(run, offset) {
    const end = Math.min((Math.floor(offset / BLOCK_BYTES) + 1) * BLOCK_BYTES, this.file.size);
    const isLast = end === this.file.size;
    const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    if (CAN_DIGEST && offset < end) headers["Upload-Checksum"] = `sha256 ${toBase64(await this.digest.ofPiece(offset))}`;
    if (CAN_DIGEST && isLast) headers["Frametally-Digest"] = await this.digest.whole();
    const onSent = (bytes) => {
      if (run !== this.run) return;
      this.sentBytes = Math.min(offset + bytes, end);
      this.sample();
      this.show(isLast && bytes >= end - offset ? "checking" : "sending");
    };
    onSent(0);
    const body = this.file.slice(offset, end); // Chromium sends bytes of a script at a tenth of the speed of a file's
    return this.send(run, "PATCH", this.url, { headers, body, onSent });
  }

  async send(run, method, url, options = {}) {
    if (run !== this.run) throw new Dropped();
    return send(method, url, { ...options, onOpen: (request) => (this.request = request) });
  }

  note(offset) {
    this.sentBytes = offset;
    const { name, size } = this.file;
    remember(this.fingerprint, { url: this.url, name, size, sent: offset });
  }

  sample() {
    const now = performance.now();
    this.samples.push([now, this.sentBytes]);
    while (now - this.samples[0][0] > SPEED_WINDOW_MS) this.samples.shift();
  }

  get bytesPerS() {
    if (this.samples.length < 2) return 0;
    const [[start, first], [end, last]] = [this.samples[0], this.samples.at(-1)];
    return end - start > 500 ? Math.max(0, ((last - first) * 1000) / (end - start)) : 0;
  }

  show(phase) {
    const isSame = phase === this.phase;
    this.phase = phase;
    if (isSame && performance.now() - this.shownAt < 150) return;
    this.shownAt = performance.now();
    this.uploader.draw(this, isSame);
  }
}
