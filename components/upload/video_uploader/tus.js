// Requests of the tus protocol, and the unfinished uploads that this browser remembers.

const QUIET_MS = { sending: 30_000, answering: 180_000 }; // without progress for this long, the connection is considered dropped
const TUS = { "Tus-Resumable": "1.0.0" };
const REMEMBER_MS = 24 * 3600 * 1000; // as long as the server keeps unfinished uploads
const STORE = "frametally.uploads";

class Dropped extends Error {} // the connection failed: worth a retry
class Refused extends Error {} // the server refused the request

// Sends one request; rejects with Dropped or Refused.
function send(method, url, { headers = {}, body = null, onSent = () => {}, onOpen = () => {} } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const length = body?.size ?? 0;
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
      onSent(length);
    };
    request.onloadend = () => {
      clearTimeout(watchdog);
      if (request.status >= 200 && request.status < 300) resolve(request);
      else if (isTemporary(request.status)) reject(new Dropped());
      else reject(Object.assign(new Refused(reasonOf(request)), { status: request.status }));
    };
    onOpen(request);
    watch(body && !length ? QUIET_MS.answering : QUIET_MS.sending);
    request.send(body);
  });
}

// 0: no response. 460: checksum mismatch (tus). 507: the disk or the quota is full, which a retry does not change.
function isTemporary(status) {
  return [0, 408, 409, 423, 425, 429, 460].includes(status) || (status >= 500 && status !== 507);
}

function reasonOf(request) {
  try {
    return JSON.parse(request.responseText).message;
  } catch {
    return `The server refused the file (${request.status}).`;
  }
}

const videoOf = (response) => response.getResponseHeader("Frametally-Video");
const offsetOf = (response) => Number(response.getResponseHeader("Upload-Offset"));

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

// {url, name, size, sent, at} by fingerprint: sizes in bytes, time in ms. Without local storage, uploads cannot be
// resumed after a reload.
function remembered() {
  try {
    const entries = Object.entries(JSON.parse(localStorage.getItem(STORE) ?? "{}"));
    return Object.fromEntries(entries.filter(([, entry]) => Date.now() - entry.at < REMEMBER_MS));
  } catch {
    return {};
  }
}

function remember(fingerprint, entry) {
  try {
    const { [fingerprint]: _, ...others } = remembered();
    const all = entry ? { ...others, [fingerprint]: { ...entry, at: Date.now() } } : others;
    localStorage.setItem(STORE, JSON.stringify(all));
  } catch {
    // storage full or disabled
  }
}
