// Sends one video to /frametally/uploads/ in pieces (tus 1.0.0) and tells Python the sha256 it was kept under.
// An upload belongs to its key, not to the elements on the page: Streamlit may rerun, or the person may change the
// page, and it goes on.

const PIECE_BYTES = 8 * 1024 * 1024;
const QUIET_MS = { sending: 30_000, answering: 180_000 }; // no sign of life for so long: the connection is dead
const MAX_FAILURES = 30; // in a row, about seven minutes
const SPEED_WINDOW_MS = 6_000;
const TUS = { "Tus-Resumable": "1.0.0" };

class Dropped extends Error {} // the connection, not the request: worth another try
class Refused extends Error {}

const uploads = new Map();

export default function mount(component) {
  const { key, ticket, hint } = component.data;
  if (!uploads.has(key)) uploads.set(key, new Upload());
  const upload = uploads.get(key);
  const root = component.parentElement.querySelector(".uploader");
  upload.ticket = ticket;
  upload.attach(root, component);
  root.querySelector(".hint").textContent = hint;
  return () => upload.detach(root);
}

class Upload {
  phase = "empty"; // empty, sending, waiting, checking, done, failed
  file = null;
  url = null;
  sentBytes = 0;
  sha256 = null;
  reason = "";
  resumable = false;
  run = 0; // a run whose number is no longer this one was cancelled
  samples = [];
  root = null;

  attach(root, component) {
    this.root = root;
    this.tell = (sha256) => component.setStateValue("sha256", sha256);
    this.bind();
    this.render();
    if (this.sha256 && this.toldKey !== component.key) this.tell(this.sha256);
    this.toldKey = component.key;
  }

  detach(root) {
    if (this.root === root) this.root = this.tell = null;
  }

  bind() {
    const find = (selector) => this.root.querySelector(selector);
    const input = find("input");
    input.onchange = () => {
      if (input.files.length) this.start(input.files[0]);
      input.value = ""; // so that the same file can be chosen again
    };
    find(".again").onclick = () => input.click();
    find(".resume").onclick = () => this.go();
    find(".cancel").onclick = () => this.cancel();
    this.root.ondragover = (event) => {
      event.preventDefault();
      this.root.classList.toggle("over", !this.isBusy);
    };
    this.root.ondragleave = (event) => {
      if (!this.root.contains(event.relatedTarget)) this.root.classList.remove("over");
    };
    this.root.ondrop = (event) => {
      event.preventDefault();
      this.root.classList.remove("over");
      if (event.dataTransfer.files.length && !this.isBusy) this.start(event.dataTransfer.files[0]);
    };
  }

  get isBusy() {
    return ["sending", "waiting", "checking"].includes(this.phase);
  }

  start(file) {
    if (this.sha256) this.tell?.(null);
    Object.assign(this, { file, url: null, sentBytes: 0, sha256: null });
    this.go();
  }

  async go() {
    const run = ++this.run;
    this.samples = [];
    this.show("sending");
    window.addEventListener("beforeunload", warn);
    try {
      const sha256 = await this.transfer(run);
      if (run !== this.run) return;
      this.sha256 = sha256;
      this.show("done");
      this.tell?.(sha256);
    } catch (error) {
      if (run !== this.run) return;
      this.reason = error.message;
      this.resumable = error.resumable ?? false;
      this.show("failed");
    } finally {
      if (run === this.run) window.removeEventListener("beforeunload", warn);
    }
  }

  cancel() {
    this.run++;
    this.request?.abort();
    if (this.url) send("DELETE", this.url).catch(() => {}); // a lost one is removed when it is stale
    window.removeEventListener("beforeunload", warn);
    this.show("empty");
  }

  async transfer(run) {
    for (let failures = 0; ; ) {
      try {
        let offset = 0;
        if (this.url) {
          const answer = await this.send(run, "HEAD", this.url);
          if (sha256Of(answer)) return sha256Of(answer);
          offset = offsetOf(answer);
        } else {
          this.url = await this.create(run);
        }
        for (;;) {
          const answer = await this.sendPiece(run, offset);
          if (sha256Of(answer)) return sha256Of(answer);
          offset = offsetOf(answer);
          failures = 0;
        }
      } catch (error) {
        if (!(error instanceof Dropped) || run !== this.run) throw error;
        await this.checkReadable();
        if (++failures > MAX_FAILURES) {
          const reason = "The server cannot be reached. What has arrived stays there: resume when it is back.";
          throw Object.assign(new Refused(reason), { resumable: true });
        }
        this.show("waiting");
        await pause(Math.min(15_000, 250 * 2 ** failures) * (0.75 + Math.random() / 2));
        if (run !== this.run) throw error;
      }
    }
  }

  async checkReadable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      throw new Refused("The file was moved or changed while it was sent. Choose it again.");
    }
  }

  async create(run) {
    const address = new URL("frametally/uploads/", document.baseURI);
    const answer = await this.send(run, "POST", address, {
      Authorization: `Bearer ${this.ticket}`,
      "Upload-Length": this.file.size,
      "Upload-Metadata": `filename ${base64(this.file.name)}`,
    });
    return new URL(answer.getResponseHeader("Location"), address);
  }

  sendPiece(run, offset) {
    const end = Math.min(offset + PIECE_BYTES, this.file.size);
    const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
    const isLast = end === this.file.size;
    const onSent = (bytes) => {
      if (run !== this.run) return;
      this.sentBytes = Math.min(offset + bytes, end);
      this.sample();
      this.show(isLast && bytes >= end - offset ? "checking" : "sending");
    };
    onSent(0);
    return this.send(run, "PATCH", this.url, headers, this.file.slice(offset, end), onSent);
  }

  async send(run, method, url, headers, body, onSent) {
    if (run !== this.run) throw new Dropped();
    return send(method, url, headers, body, onSent, (request) => (this.request = request));
  }

  sample() {
    const now = performance.now();
    this.samples.push([now, this.sentBytes]);
    while (now - this.samples[0][0] > SPEED_WINDOW_MS) this.samples.shift();
  }

  get bytesPerS() {
    if (this.samples.length < 2) return 0;
    const [[start, first], [end, last]] = [this.samples[0], this.samples.at(-1)];
    return end - start > 500 ? ((last - first) * 1000) / (end - start) : 0;
  }

  show(phase) {
    const isSame = phase === this.phase;
    this.phase = phase;
    if (isSame && performance.now() - this.shownAt < 150) return;
    this.shownAt = performance.now();
    this.render();
    if (!isSame) this.announce();
  }

  render() {
    if (!this.root) return;
    const percent = this.file ? Math.floor((this.sentBytes / this.file.size) * 100) || 0 : 0;
    const set = (selector, text) => (this.root.querySelector(selector).textContent = text);
    const hadFocus = this.root.dataset.phase !== this.phase && this.root.contains(this.root.getRootNode().activeElement);
    this.root.dataset.phase = this.phase;
    this.root.classList.toggle("resumable", this.phase === "failed" && this.resumable);
    set(".name", this.file?.name ?? "");
    set(".facts", this.file ? this.factsText(percent) : "");
    set(".reason", this.phase === "failed" ? this.reason : "");
    set(".again", this.phase === "failed" ? "Try another file" : "Replace");
    const bar = this.root.querySelector(".bar");
    bar.setAttribute("aria-valuenow", percent);
    bar.firstElementChild.style.width = `${percent}%`;
    if (hadFocus) this.root.querySelector({ empty: "input", done: ".again", failed: ".again" }[this.phase] ?? ".cancel").focus();
  }

  factsText(percent) {
    const size = inWords(this.file.size);
    if (this.phase === "done") return `${size} · ready`;
    if (this.phase === "failed") return size;
    if (this.phase === "checking") return `${size} · Checking the video…`;
    if (this.phase === "waiting") return `${percent} % of ${size} · Connection lost, trying again…`;
    const speed = this.bytesPerS;
    if (!speed) return `${percent} % of ${size}`;
    return `${percent} % of ${size} · ${inWords(speed, 2)}/s · ${timeLeft((this.file.size - this.sentBytes) / speed)}`;
  }

  announce() {
    const news = {
      empty: "",
      sending: `Sending ${this.file?.name}`,
      waiting: "Connection lost, trying again",
      checking: "Checking the video",
      done: `${this.file?.name} is ready`,
      failed: this.reason,
    };
    if (this.root) this.root.querySelector("[role=status]").textContent = news[this.phase];
  }
}

// One request; rejects with Dropped where it is worth another try, with Refused where the server says no.
function send(method, url, headers = {}, body = null, onSent = () => {}, onOpen = () => {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watchdog;
    const watch = (quietMs) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => request.abort(), quietMs);
    };
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...TUS, ...headers })) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      watch(QUIET_MS.sending);
      onSent(event.loaded);
    };
    request.upload.onload = () => {
      watch(QUIET_MS.answering);
      onSent(body?.size ?? 0);
    };
    request.onloadend = () => {
      clearTimeout(watchdog);
      if (request.status >= 200 && request.status < 300) resolve(request);
      else if (isPassing(request.status)) reject(new Dropped());
      else reject(new Refused(reasonOf(request)));
    };
    onOpen(request);
    watch(body && !body.size ? QUIET_MS.answering : QUIET_MS.sending);
    request.send(body);
  });
}

function isPassing(status) {
  return [0, 408, 409, 423, 425, 429].includes(status) || (status >= 500 && status !== 507);
}

function reasonOf(request) {
  try {
    return JSON.parse(request.responseText).message;
  } catch {
    if (request.status === 404) return "The server does not know this upload any more. Choose the file again.";
    return `The server refused the file (${request.status}).`;
  }
}

const sha256Of = (answer) => answer.getResponseHeader("Frametally-Video");
const offsetOf = (answer) => Number(answer.getResponseHeader("Upload-Offset"));

function pause(ms) {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      window.removeEventListener("online", wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    window.addEventListener("online", wake);
  });
}

function warn(event) {
  event.preventDefault(); // leaving the dashboard ends the upload: the browser asks first
}

function base64(text) {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(""));
}

function inWords(bytes, digits = 3) {
  const power = Math.max(0, ["KB", "MB", "GB"].findLastIndex((_, index) => bytes >= 1024 ** (index + 1)) + 1);
  return `${Number((bytes / 1024 ** power).toPrecision(digits))} ${["bytes", "KB", "MB", "GB"][power]}`;
}

function timeLeft(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))} s left`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min left`;
  return `${Math.floor(seconds / 3600)} h ${Math.ceil((seconds % 3600) / 60)} min left`;
}
