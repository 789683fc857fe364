// One button for each number that leads to a moment, plain text for the others.

const AGREEMENT = "Model agreement";

export default function ({ data, parentElement, setTriggerValue }) {
  const nodes = data.tiles.map(({ name, value, detail, color, leads }) => {
    const tile = document.createElement(leads ? "button" : "div");
    tile.className = "tile";
    tile.dataset.name = name;
    tile.title = `${name}: ${data.meanings[name]}`;
    const mark = document.createElement("i");
    mark.style.background = color;
    const parts = { name, value, detail };
    for (const [part, text] of Object.entries(parts)) {
      const node = document.createElement("span");
      node.className = part;
      node.textContent = text;
      if (part === "detail" && color) node.prepend(mark);
      tile.append(node, " ");
    }
    if (leads) {
      tile.type = "button";
      tile.onclick = () => {
        setTriggerValue("moment", name);
        if (name === AGREEMENT) document.querySelector(".st-key-section")?.scrollIntoView({ block: "start" });
      };
    }
    return tile;
  });
  const row = parentElement.querySelector(".tiles");
  const focused = [...row.children].indexOf(row.getRootNode().activeElement);
  row.replaceChildren(...nodes);
  row.children[focused]?.focus();
  if (data.agreement) show(row, data.agreement);
}

// The agreement takes long to compute; the last one is shown until the new one is there.
async function show(row, address) {
  row.dataset.agreement = address;
  const value = [...row.children].find(({ dataset }) => dataset.name === AGREEMENT).querySelector(".value");
  value.textContent = row.dataset.share ?? "…";
  try {
    const response = await fetch(new URL(address, document.baseURI));
    const { share } = await response.json();
    if (row.dataset.agreement !== address) return;
    row.dataset.share = share === null ? "–" : `${Math.round(share * 100)}%`;
  } catch {
    row.dataset.share = "–";
  }
  const current = [...row.children].find(({ dataset }) => dataset.name === AGREEMENT);
  if (current) current.querySelector(".value").textContent = row.dataset.share;
}
