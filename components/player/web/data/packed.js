// Buffers of `frametally/rendering/playback/packing.py`.

import { requested } from "./requests.js";

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
};

// The facts of the header and the arrays, by name.
export function unpack(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const { facts, arrays } = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const start = Math.ceil((4 + length) / 8) * 8;
  const read = ({ name, type, at, length }) => [name, new ARRAYS[type](buffer, start + at, length)];
  return { ...facts, ...Object.fromEntries(arrays.map(read)) };
}

// The same from base64.
export function unpackText(text) {
  return unpack(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
}

export async function fetchPacked(url, options) {
  return unpack(await requested(url, (response) => response.arrayBuffer(), options));
}
