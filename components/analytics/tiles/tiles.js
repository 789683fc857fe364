// One button for each number that leads to a moment, plain text for the others.

export default function ({ data, parentElement, setTriggerValue }) {
  const nodes = data.tiles.map(({ name, value, detail, color, leads }) => {
    const tile = document.createElement(leads ? "button" : "div");
    tile.className = "tile";
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
      tile.onclick = () => setTriggerValue("moment", name);
    }
    return tile;
  });
  const row = parentElement.querySelector(".tiles");
  const focused = [...row.children].indexOf(row.getRootNode().activeElement);
  row.replaceChildren(...nodes);
  row.children[focused]?.focus();
}
