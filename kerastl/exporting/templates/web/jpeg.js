"use strict";
/*
 * Large JPEGs made smaller as a JPEG decoder does it that is asked for 1/2, 1/4 or 1/8 of the size.
 *
 * Python has large JPEGs decoded so, which is much faster, and browsers decode at full size only. What such a decoder
 * gives is worked out here from the full size, so that the pixels differ by rounding only: the averages of blocks of
 * pixels, and colors as they are stored, which mostly is at half of the size.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const GAP = 2; // a JPEG is made smaller so down to this many times the wanted size
  const SCALES = [8, 4, 2, 1];

  /** By how much a JPEG of a size is made smaller before it is resized: 1, 2, 4 or 8. */
  function scaleOf(size, resize) {
    const surplus = kerastl.resizing.surplus(size, resize);
    const wanted = size.map((side) => Math.max(1, Math.ceil((side * GAP) / surplus)));
    const scale = Math.min(Math.floor(size[0] / wanted[0]), Math.floor(size[1] / wanted[1]));
    return SCALES.find((each) => scale >= each) ?? 1;
  }

  /** At what part of the width and the height colors are stored, as "4:2:0" and the like; else "4:4:4". */
  function sampling(bytes) {
    const frame = kerastl.container.jpegFrame(bytes);
    const isKnown = frame !== null && bytes[frame + 5] === 3 && bytes[frame + 10] === 0x11;
    return (isKnown && { 0x22: "4:2:0", 0x21: "4:2:2" }[bytes[frame + 7]]) || "4:4:4";
  }

  // The colors of an image, for each way of storing them.
  const COLORS = {
    "4:4:4": (image, scale, rows, means) => means,
    "4:2:0": (image, scale, rows) => averaged(image, [scale, scale], [true, true], rows),
    // Here a decoder makes what is stored smaller first, and then smooths it to twice the width.
    "4:2:2": (image, scale, rows) => widened(averaged(image, [2 * scale, scale], [true, false], rows), image, scale),
  };

  /**
   * Make part of a decoded JPEG smaller.
   *
   * @param image - RGB, the rows that are made smaller, and of their neighbors one on each side if there are any.
   * @param scale - 2, 4 or 8.
   * @param stored - Of `sampling`.
   * @param first - The place of the first row within `image`.
   * @param count - How many rows there are.
   */
  function smaller(image, scale, stored, first, count) {
    const rows = { first, count };
    const means = averaged(image, [scale, scale], [false, false], rows);
    const colors = COLORS[stored](image, scale, rows, means);
    const data = new Uint8Array(means.data.length);
    for (let at = 0; at < data.length; at += 3) put(data, means.data, colors.data, at);
    return { width: means.width, height: means.height, data };
  }

  /**
   * Average blocks of pixels, [width, height] of them at a time.
   *
   * Where colors are stored at half of the size they have been smoothed on their way to full size. That is taken back
   * along the axes that are named so: a stored color is (-a + 3b + 3c - d) / 4 of the four pixels around it.
   */
  function averaged(image, [across, down], [halvedAcross, halvedDown], { first, count }) {
    const [width, height] = [Math.ceil(image.width / across), Math.ceil(count / down)];
    const data = new Float64Array(3 * width * height);
    const weights = weightsOf(across, halvedAcross);
    const columns = Int32Array.from({ length: width * (across + 2) }, (_, n) => {
      const [block, place] = [Math.floor(n / (across + 2)), (n % (across + 2)) - 1];
      return 3 * within(block * across + place, image.width);
    });
    for (let row = 0; row < height; row++) {
      weightsOf(down, halvedDown).forEach((weight, n) => {
        if (weight === 0) return;
        const line = 3 * image.width * within(first + row * down + n - 1, image.height);
        for (let column = 0; column < width; column++) {
          const to = 3 * (row * width + column);
          for (let m = 0; m < across + 2; m++) {
            const from = line + columns[column * (across + 2) + m];
            const both = weight * weights[m];
            data[to] += both * image.data[from];
            data[to + 1] += both * image.data[from + 1];
            data[to + 2] += both * image.data[from + 2];
          }
        }
      });
    }
    return { width, height, data };
  }

  /** What the pixels of a block count, and one before and one after it. */
  function weightsOf(size, halved) {
    const edge = halved ? 3 : 2;
    const inner = Array.from({ length: size }, (_, place) => (place === 0 || place === size - 1 ? edge : 2));
    const outer = halved ? -1 : 0;
    return [outer, ...inner, outer].map((each) => each / (2 * size));
  }

  /** Twice as wide: each pixel becomes two, a quarter of which is their neighbor's, but at 1/8 of the size. */
  function widened({ width: half, height, data: stored }, image, scale) {
    const own = scale === 8 ? 1 : 0.75;
    const width = Math.ceil(image.width / scale);
    const data = new Float64Array(3 * width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const near = column >> 1;
        const far = within(near + (column % 2 === 0 ? -1 : 1), half);
        for (let channel = 0; channel < 3; channel++) {
          const at = (place) => stored[3 * (row * half + place) + channel];
          data[3 * (row * width + column) + channel] = own * at(near) + (1 - own) * at(far);
        }
      }
    }
    return { width, height, data };
  }

  function within(place, size) {
    return Math.max(0, Math.min(place, size - 1));
  }

  /** Write a pixel with the brightness of one color and the tint of another, each rounded as JPEG decoders round. */
  function put(data, means, colors, at) {
    const y = Math.round(0.299 * means[at] + 0.587 * means[at + 1] + 0.114 * means[at + 2]);
    const [r, g, b] = [colors[at], colors[at + 1], colors[at + 2]];
    const blue = Math.round(-0.168736 * r - 0.331264 * g + 0.5 * b);
    const red = Math.round(0.5 * r - 0.418688 * g - 0.081312 * b);
    data[at] = toByte(y + Math.round(1.402 * red));
    data[at + 1] = toByte(y + Math.round(-0.344136 * blue - 0.714136 * red));
    data[at + 2] = toByte(y + Math.round(1.772 * blue));
  }

  function toByte(value) {
    return Math.max(0, Math.min(value, 255));
  }

  kerastl.jpeg = { sampling, scaleOf, smaller };
}
