// Asks for a run of the fragment when a job has ended. One stream serves all tabs of a browser: the tab that holds the
// lock reads it and passes its messages on.

const RETRY_MS = 10_000;
const QUIET_MS = 1_000;
const MAX_WAIT_MS = 10_000;
const START_WITHIN_MS = 2_000;
const ACTIONS = ["pointerdown", "keydown", "click"];
const ends = (window.frametallyEnds ??= new Ends());

export default function ({ data, setTriggerValue }) {
  ends.report = async (id) => {
    await quiet();
    setTriggerValue("ended", id);
    holdClicks();
  };
  ends.listen(new URL(data.url, document.baseURI).href);
}

// Wait until no script has run and the user has done nothing for a moment. A run of a fragment that is asked for while
// another page opens would bring the page before back, or meet a page without its elements.
async function quiet() {
  const startMs = performance.now();
  let sinceMs = startMs;
  const wait = () => (sinceMs = performance.now());
  for (const kind of ACTIONS) window.addEventListener(kind, wait, { capture: true, passive: true });
  while (performance.now() - sinceMs < QUIET_MS && performance.now() - startMs < MAX_WAIT_MS) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const app = document.querySelector("[data-testid=stApp]");
    if (app && app.dataset.testScriptState !== "notRunning") wait();
  }
  for (const kind of ACTIONS) window.removeEventListener(kind, wait, { capture: true });
}

// Streamlit sends the report when a timer of zero fires, and with it, as one run of this fragment, what else is asked for
// until then. A click in between would be lost: it follows after.
function holdClicks() {
  const held = [];
  const hold = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // the browser opens a tab
    event.preventDefault();
    event.stopImmediatePropagation();
    held.push([event.composedPath()[0], event]);
  };
  window.addEventListener("click", hold, { capture: true });
  setTimeout(() => {
    window.removeEventListener("click", hold, { capture: true });
    for (const [target, event] of held) target.dispatchEvent(new MouseEvent("click", event));
  });
}

function Ends() {
  const name = `frametally.ends ${new URL(".", document.baseURI).pathname}`;
  let channel, url, source;
  let isReader = false;
  this.isOpen = false;

  const open = () => {
    source = new EventSource(url);
    source.onopen = () => (this.isOpen = true);
    source.onmessage = ({ data }) => {
      channel.postMessage(Number(data));
      this.report(Number(data));
    };
    source.onerror = () => {
      if (source?.readyState !== EventSource.CLOSED) return; // the browser connects again
      const wasOpen = this.isOpen; // and has ended: the person has signed out elsewhere
      this.isOpen = false;
      source = null; // refused: the ticket has expired, or there is no such route; a run gives another ticket
      setTimeout(() => this.report(-Date.now()), wasOpen ? 0 : RETRY_MS);
    };
  };
  const read = () => {
    isReader = true;
    open();
    return new Promise(() => {}); // until the tab is closed
  };
  this.listen = (newUrl) => {
    const isFirst = !url;
    url = newUrl;
    if (isReader && !source) open();
    if (!isFirst) return;
    channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => this.report(data);
    const start = () => (navigator.locks ? navigator.locks.request(name, read) : read()); // locks: in a secure context
    if (window.requestIdleCallback) requestIdleCallback(start, { timeout: START_WITHIN_MS }); // the page comes first
    else start();
  };
}
