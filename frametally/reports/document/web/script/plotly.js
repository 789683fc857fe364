// plotly.js: loaded by the page, or kept in it compressed.
import { bytesOf, decompressed } from "./unpack.js";

export async function plotly() {
  const kept = document.getElementById("brief-plotly");
  if (kept) {
    const script = document.createElement("script");
    script.textContent = new TextDecoder().decode(await decompressed(bytesOf(kept.textContent), "gzip"));
    document.head.append(script);
    kept.remove();
  }
  return globalThis.Plotly;
}
