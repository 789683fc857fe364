// The scripts of the player are served by a route of ours, once: Streamlit sends the code of a component at every run.
// It also replaces a component whose code has failed by an error until the page is reloaded, so nothing fails here.

const PAUSES_MS = [300, 1000, 3000, null]; // after each attempt; null: it was the last one
const loading = new Map(); // address -> promise of the module
let failures = 0;

export default async function (component) {
  let close = null;
  const message = component.parentElement.querySelector(".stage .message");
  const start = async () => {
    try {
      const { script, plotly } = component.data;
      const { mount } = await loaded(new URL(script, document.baseURI).href, plotly);
      close = mount(component);
    } catch (error) {
      console.error(error);
      offerAgain(message, start);
    }
  };
  await start();
  return () => close?.();
}

function loaded(address, plotly) {
  if (!loading.has(address)) {
    // The script of the chart is by far the largest, and needed next.
    document.head.append(Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: plotly }));
    const module = load(address);
    module.catch(() => loading.delete(address));
    loading.set(address, module);
  }
  return loading.get(address);
}

async function load(address) {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await import(addressOf(address));
    } catch (error) {
      failures += 1;
      if (pauseMs === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

// Browsers remember a script that could not be loaded: further attempts use another address, for what it imports, too.
function addressOf(address) {
  return failures ? address.replace(/\/[^/]+$/, (name) => `-${failures}${name}`) : address;
}

function offerAgain(message, start) {
  const button = message.querySelector("button");
  message.querySelector("span").textContent = "The player could not be loaded.";
  message.hidden = button.hidden = false;
  button.onclick = () => {
    message.hidden = true;
    start();
  };
}
