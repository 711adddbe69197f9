"use strict";
/*
 * Large JPEGs made smaller as a JPEG decoder does it that is asked for 1/2, 1/4 or 1/8 of the size.
 *
 * Python has large JPEGs decoded so, which is much faster, and browsers decode at full size only. What such a decoder
 * gives is worked out here from the full size, so that the pixels differ by rounding only.
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

  /** Whether colors are stored at half of the width and the height (4:2:0), as in most JPEGs. */
  function hasHalvedColors(bytes) {
    const frame = kerastl.container.jpegFrame(bytes);
    return frame !== null && bytes[frame + 5] === 3 && bytes[frame + 7] === 0x22 && bytes[frame + 10] === 0x11;
  }

  /**
   * Make part of a decoded JPEG smaller.
   *
   * A decoder averages the brightness of blocks of pixels. Colors that are stored at half of the size it takes as they
   * are; in the decoded image they have been smoothed on their way to full size. That is taken back: along each axis a
   * stored color is (-a + 3b + 3c - d) / 4 of the four pixels around it.
   *
   * @param image - RGB, the rows that are made smaller, and of their neighbors one on each side if there are any.
   * @param scale - 2, 4 or 8.
   * @param halvedColors - Of `hasHalvedColors`.
   * @param top - The place of the first row within `image`.
   * @param rows - How many there are.
   */
  function smaller(image, scale, halvedColors, top, rows) {
    const [width, height] = [Math.ceil(image.width / scale), Math.ceil(rows / scale)];
    const data = new Uint8Array(3 * width * height);
    const weights = Array.from({ length: scale + 2 }, (_, n) => weightsOf(n - 1, scale, halvedColors));
    const columns = Array.from({ length: width * (scale + 2) }, (_, n) => {
      const [block, place] = [Math.floor(n / (scale + 2)), (n % (scale + 2)) - 1];
      return 3 * within(block * scale + place, image.width);
    });
    const means = new Float64Array(3 * width);
    const colors = new Float64Array(3 * width);
    for (let row = 0; row < height; row++) {
      means.fill(0);
      colors.fill(0);
      for (let n = 0; n < scale + 2; n++) {
        const down = weights[n];
        if (down.mean === 0 && down.color === 0) continue;
        const line = 3 * image.width * within(top + row * scale + n - 1, image.height);
        for (let column = 0; column < width; column++) {
          for (let channel = 0; channel < 3; channel++) {
            let [mean, color] = [0, 0];
            for (let m = 0; m < scale + 2; m++) {
              const value = image.data[line + columns[column * (scale + 2) + m] + channel];
              mean += weights[m].mean * value;
              color += weights[m].color * value;
            }
            means[3 * column + channel] += down.mean * mean;
            colors[3 * column + channel] += down.color * color;
          }
        }
      }
      for (let at = 0; at < 3 * width; at += 3) put(data, 3 * row * width + at, means, colors, at);
    }
    return { width, height, data };
  }

  /** What the pixel at a place of a block, or beside it, counts for the brightness and for the colors. */
  function weightsOf(place, scale, halvedColors) {
    const outside = place < 0 || place === scale;
    const mean = outside ? 0 : 1 / scale;
    if (!halvedColors) return { mean, color: mean };
    const edge = place === 0 || place === scale - 1;
    return { mean, color: (outside ? -1 : edge ? 3 : 2) / (2 * scale) };
  }

  function within(place, size) {
    return Math.max(0, Math.min(place, size - 1));
  }

  /** Write a pixel with the brightness of one color and the tint of another, each rounded as JPEG decoders round. */
  function put(data, to, means, colors, at) {
    const y = Math.round(0.299 * means[at] + 0.587 * means[at + 1] + 0.114 * means[at + 2]);
    const [r, g, b] = [colors[at], colors[at + 1], colors[at + 2]];
    const blue = Math.round(-0.168736 * r - 0.331264 * g + 0.5 * b);
    const red = Math.round(0.5 * r - 0.418688 * g - 0.081312 * b);
    data[to] = toByte(y + Math.round(1.402 * red));
    data[to + 1] = toByte(y + Math.round(-0.344136 * blue - 0.714136 * red));
    data[to + 2] = toByte(y + Math.round(1.772 * blue));
  }

  function toByte(value) {
    return Math.max(0, Math.min(value, 255));
  }

  kerastl.jpeg = { hasHalvedColors, scaleOf, smaller };
}
