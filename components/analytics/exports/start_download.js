// Downloads one file, once, when it is mounted.

const started = new WeakSet();

export default function ({ data, parentElement }) {
  if (started.has(parentElement)) return;
  started.add(parentElement);
  const link = document.createElement("a");
  link.href = new URL(data.url, document.baseURI).href;
  link.download = data.name;
  parentElement.append(link); // a click elsewhere would close the menu
  link.click();
  link.remove();
}
