// The shadow root of a component, with its HTML and its styles, which are parsed once.

const sheet = new CSSStyleSheet();
sheet.replaceSync(OWN_CSS);
const content = Object.assign(document.createElement("template"), { innerHTML: OWN_HTML }).content;

function rootOf(parentElement) {
  if (parentElement.shadowRoot) return parentElement.shadowRoot;
  const root = parentElement.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(content.cloneNode(true));
  return root;
}
