// Draws masks of semantic segmentation, from the runs of `packed_masks.py`.

const NO_CLASS = 255;
const FILL = 0.45; // as in exact pictures

export class MaskPainter {
  constructor() {
    this.sheet = document.createElement("canvas");
  }

  // Paint the mask of an entry at the place of the picture; `stretch` contains the entry.
  paint(context, place, stretch, entry, classes, isVisible) {
    const at = entry - stretch.start;
    const [width, height] = stretch.wh.subarray(at * 2, at * 2 + 2);
    if (!width) return;
    const key = [stretch.start, entry, classes.map(({ color }, code) => isVisible(code) && color)].join();
    if (key !== this.key || stretch !== this.stretch) this.fill(stretch, at, width, height, classes, isVisible);
    Object.assign(this, { key, stretch });
    context.globalAlpha = FILL;
    context.imageSmoothingEnabled = false;
    context.drawImage(this.sheet, place.left, place.top, place.width, place.height);
    context.imageSmoothingEnabled = true;
    context.globalAlpha = 1;
  }

  fill({ ends, code, length }, at, width, height, classes, isVisible) {
    Object.assign(this.sheet, { width, height });
    const image = new ImageData(width, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = classes.map(({ color }, number) => (isVisible(number) ? packedColor(color) : 0));
    let pixel = 0;
    for (let run = at ? ends[at - 1] : 0; run < ends[at]; run++) {
      const color = code[run] === NO_CLASS ? 0 : (colors[code[run]] ?? 0);
      pixels.fill(color, pixel, (pixel += length[run]));
    }
    this.sheet.getContext("2d").putImageData(image, 0, 0);
  }
}

// Opaque, in the order of the bytes of `ImageData` on little-endian machines, as all browsers run on.
function packedColor(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
