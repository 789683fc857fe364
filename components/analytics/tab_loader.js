// The script of a tab is served by a route of ours, once, when the tab is first opened.

const PAUSES_MS = [300, 1000, 3000, null]; // after each attempt; null: it was the last one
let failures = 0;

export default async function (component) {
  let close = null;
  const root = component.parentElement.querySelector("[data-tab]");
  const start = async () => {
    try {
      const { mount } = await load(new URL(component.data.script, document.baseURI).href);
      if (root.isConnected) close = mount(component);
    } catch (error) {
      console.error(error);
      offerAgain(root, start);
    }
  };
  await start();
  return () => close?.();
}

async function load(address) {
  for (const pauseMs of PAUSES_MS) {
    try {
      return await import(failures ? address.replace(/\/[^/]+$/, (name) => `-${failures}${name}`) : address);
    } catch (error) {
      failures += 1; // browsers remember a script that could not be loaded
      if (pauseMs === null) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

function offerAgain(root, start) {
  root.querySelector(".state").textContent = "This tab could not be loaded.";
  const again = root.querySelector(".again");
  again.hidden = false;
  again.onclick = () => {
    again.hidden = true;
    start();
  };
}
