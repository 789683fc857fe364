// Read a buffer of typed arrays (frametally/rendering/playback/packing.py) that is compressed and written as Base64.
const TYPES = { uint32: Uint32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

export async function decompressed(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream(format));
  return new Response(stream).arrayBuffer();
}

export async function unpacked(base64) {
  const buffer = await decompressed(bytesOf(base64), "deflate");
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  at += (8 - (at % 8)) % 8;
  const arrays = {};
  for (const { name, type, at: offset, length: size } of header.arrays) arrays[name] = new TYPES[type](buffer, at + offset, size);
  return { facts: header.facts, arrays };
}
