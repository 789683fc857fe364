// Rows with a text and a button that copies it. Where the browser does not allow that, the text is selected.

const SAY_MS = 4000;

function addressOf({ path, base_url }) {
  if (!path) return location.href;
  return base_url ? base_url.replace(/\/+$/, "") + path : new URL(`.${path}`, document.baseURI).href;
}

function textOf(text) {
  const address = addressOf(text);
  if (text.form !== "embed") return address;
  return `<iframe src="${address}" title="Shared view" width="100%" height="900" style="border:0" loading="lazy"></iframe>`;
}

function rowOf(text) {
  const row = document.createElement("div");
  const label = document.createElement("label");
  const field = document.createElement("input");
  const button = document.createElement("button");
  const status = document.createElement("span");
  let timer;
  label.textContent = text.label;
  label.append(field);
  field.readOnly = true;
  field.value = textOf(text);
  field.onfocus = () => field.select();
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${text.label.toLowerCase()}`);
  status.setAttribute("role", "status");
  button.onclick = async () => {
    field.value = textOf(text);
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = "Copied";
    } catch {
      // No permission, or not a secure context.
      field.focus();
      field.select();
      status.textContent = "Press Ctrl+C to copy";
    }
    clearTimeout(timer);
    timer = setTimeout(() => (status.textContent = ""), SAY_MS);
  };
  row.append(label, button, status);
  return row;
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".texts");
  const known = JSON.stringify(data.texts);
  if (root.dataset.texts === known) return;
  root.dataset.texts = known;
  root.replaceChildren(...data.texts.map(rowOf));
}
