// Identifying a file: a fingerprint finds its upload again in this browser; the block digest of `storage/digests.py`
// lets the server recognize its content. Needs memory for one block.

const BLOCK_BYTES = 8 * 1024 * 1024;
const SAMPLES = 16;
const SAMPLE_BYTES = 16 * 1024;
const CAN_DIGEST = Boolean(globalThis.crypto?.subtle); // browsers provide it only on https and localhost

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

// Name, size, time and a quick hash of a few samples: enough to find an upload, not to prove that content is equal.
async function fingerprintOf(file) {
  const step = Math.max(0, file.size - SAMPLE_BYTES) / (SAMPLES - 1);
  let [one, other] = [0x811c9dc5, 0x9e3779b9];
  for (let at = 0; at < SAMPLES; at++) {
    const start = Math.floor(at * step);
    for (const byte of new Uint8Array(await read(file, start, start + SAMPLE_BYTES))) {
      one = Math.imul(one ^ byte, 0x01000193);
      other = Math.imul(other + byte + 1, 0x85ebca6b);
    }
  }
  return [file.name, file.size, file.lastModified, one >>> 0, other >>> 0].join("|");
}

async function read(file, start, end) {
  try {
    return await file.slice(start, end).arrayBuffer();
  } catch {
    throw new Refused("The file was moved or changed during the upload. Choose it again.");
  }
}

class BlockDigest {
  hashes = [];

  constructor(file) {
    this.file = file;
  }

  // The SHA-256 of the bytes from `offset` to the end of its block.
  async ofChunk(offset) {
    const number = Math.floor(offset / BLOCK_BYTES);
    const block = await this.hashed(number);
    const start = offset - number * BLOCK_BYTES;
    return start ? sha256(new Uint8Array(block, start)) : this.hashes[number];
  }

  // The digest of the whole file in hex; reads the blocks that have not been read yet.
  async whole(onRead = () => {}) {
    const count = Math.ceil(this.file.size / BLOCK_BYTES);
    for (let number = 0; number < count; number++) {
      if (!this.hashes[number]) await this.hashed(number);
      onRead(Math.min((number + 1) * BLOCK_BYTES, this.file.size));
    }
    return toHex(await sha256(await new Blob(this.hashes).arrayBuffer()));
  }

  async hashed(number) {
    const block = await read(this.file, number * BLOCK_BYTES, (number + 1) * BLOCK_BYTES);
    this.hashes[number] ??= await sha256(block);
    return block;
  }
}
