"use strict";
/*
 * From an image of any size to one of the network's, as kerastl does it in Python (kerastl.images).
 *
 * An image here is {width, height, data}: RGB bytes, row by row. Nothing in this file needs a page, so that the
 * arithmetic is the same in every browser; canvases scale as they like.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const SUPPORT = 2; // how far the bicubic filter reaches, in pixels of the result
  const MOST_BITS = 21; // of weights
  const REDUCING_GAP = 3; // whole blocks are averaged first, down to so many times the wanted size

  /** The part of an image that the result shows: left, top, right and bottom in pixels, fractions allowed. */
  function region([width, height], resize) {
    if (resize.policy !== "crop") return [0, 0, width, height];
    const scale = Math.min(width / resize.width, height / resize.height) * resize.crop_fraction;
    const shown = [Math.min(scale * resize.width, width), Math.min(scale * resize.height, height)];
    const [left, top] = [(width - shown[0]) / 2, (height - shown[1]) / 2];
    return [left, top, left + shown[0], top + shown[1]];
  }

  /** Width and height to which the region is scaled: the result's, or what fits inside it when padding. */
  function fitted([width, height], resize) {
    if (resize.policy !== "pad") return [resize.width, resize.height];
    const scale = Math.min(resize.width / width, resize.height / height);
    return [Math.max(1, roundHalfToEven(width * scale)), Math.max(1, roundHalfToEven(height * scale))];
  }

  function roundHalfToEven(number) {
    const below = Math.floor(number);
    if (number - below !== 0.5) return Math.round(number);
    return below % 2 === 0 ? below : below + 1;
  }

  /** How many times larger than needed an image is, along the side where it is less. */
  function surplus(size, resize) {
    const [left, top, right, bottom] = region(size, resize);
    const [width, height] = fitted(size, resize);
    return Math.min((right - left) / width, (bottom - top) / height);
  }

  /** Average blocks of pixels, rounded as Pillow's `Image.reduce` rounds, from the upper left corner of a box [left, top, right, bottom] of whole pixels on. */
  function reduce(image, [across, down], [left, top, right, bottom]) {
    const width = Math.ceil((right - left) / across);
    const height = Math.ceil((bottom - top) / down);
    const data = new Uint8Array(3 * width * height);
    const sums = new Float64Array(3 * width);
    for (let row = 0; row < height; row++) {
      const first = top + row * down;
      const last = Math.min(first + down, bottom);
      sums.fill(0);
      for (let y = first; y < last; y++) {
        let place = 3 * (y * image.width + left);
        for (let x = 0; x < right - left; x++) {
          const column = 3 * Math.floor(x / across);
          sums[column] += image.data[place++];
          sums[column + 1] += image.data[place++];
          sums[column + 2] += image.data[place++];
        }
      }
      for (let column = 0; column < width; column++) {
        const pixels = (Math.min((column + 1) * across, right - left) - column * across) * (last - first);
        for (let channel = 0; channel < 3; channel++) {
          const at = 3 * column + channel;
          data[3 * row * width + at] = (sums[at] + (pixels >> 1)) * (Math.floor(2 ** 24 / pixels) / 2 ** 24);
        }
      }
    }
    return { width, height, data };
  }

  /** Keys's cubic filter with a = -0.5 (R. Keys 1981), the one that Pillow calls BICUBIC. */
  function cubic(distance) {
    const x = Math.abs(distance);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
  }

  /**
   * For each pixel of the result: the first pixel of the source that counts for it, and the weights from there on.
   *
   * Weights are whole numbers, of which 2 ** bits together are 1: with them the result is Python's to the bit.
   */
  function filters(size, start, extent, wanted) {
    const scale = extent / wanted;
    const stretch = Math.max(1, scale); // when shrinking the filter is widened, so that nothing aliases
    const exact = Array.from({ length: wanted }, (_, place) => {
      const center = start + (place + 0.5) * scale;
      const first = Math.max(0, Math.floor(center - SUPPORT * stretch));
      const last = Math.min(size, Math.ceil(center + SUPPORT * stretch));
      const weights = Array.from({ length: last - first }, (_, n) => cubic((first + n - (center - 0.5)) / stretch));
      const sum = weights.reduce((total, each) => total + each, 0);
      return { first, weights: weights.map((each) => each / sum) };
    });
    const largest = Math.max(...exact.map(({ weights }) => Math.max(...weights)));
    let bits = 0;
    while (bits < MOST_BITS && Math.round(largest * 2 ** (bits + 1)) < 2 ** 15) bits++;
    const whole = (weights) => Int32Array.from(weights, (each) => Math.round(each * 2 ** bits));
    return { bits, filters: exact.map(({ first, weights }) => ({ first, weights: whole(weights) })) };
  }

  function toByte(sum, bits) {
    const value = (sum + 2 ** (bits - 1)) >> bits;
    return value < 0 ? 0 : value > 255 ? 255 : value;
  }

  function convolvedDown(image, top, extent, height) {
    const stride = 3 * image.width;
    const data = new Uint8Array(stride * height);
    const { bits, filters: rows } = filters(image.height, top, extent, height);
    rows.forEach(({ first, weights }, row) => {
      for (let at = 0; at < stride; at++) {
        let sum = 0;
        let place = first * stride + at;
        for (let n = 0; n < weights.length; n++, place += stride) sum += weights[n] * image.data[place];
        data[row * stride + at] = toByte(sum, bits);
      }
    });
    return { width: image.width, height, data };
  }

  function convolvedAcross(image, left, extent, width) {
    const data = new Uint8Array(3 * width * image.height);
    const { bits, filters: columns } = filters(image.width, left, extent, width);
    columns.forEach(({ first, weights }, column) => {
      for (let row = 0; row < image.height; row++) {
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0;
          let place = 3 * (row * image.width + first) + channel;
          for (let n = 0; n < weights.length; n++, place += 3) sum += weights[n] * image.data[place];
          data[3 * (row * width + column) + channel] = toByte(sum, bits);
        }
      }
    });
    return { width, height: image.height, data };
  }

  /** Scale the region [left, top, right, bottom] of an image to [width, height], bicubic with antialiasing. */
  function resizeRegion(image, size, [left, top, right, bottom]) {
    const [across, down] = [(right - left) / size[0], (bottom - top) / size[1]];
    const factors = [across, down].map((each) => Math.max(1, Math.floor(each / REDUCING_GAP)));
    const reach = [across, down].map((each, axis) => SUPPORT * Math.max(1, each) + factors[axis]);
    const cut = [
      Math.max(0, Math.floor(left - reach[0])),
      Math.max(0, Math.floor(top - reach[1])),
      Math.min(image.width, Math.ceil(right + reach[0])),
      Math.min(image.height, Math.ceil(bottom + reach[1])),
    ];
    const part = reduce(image, factors, cut);
    const moved = [
      (left - cut[0]) / factors[0],
      (top - cut[1]) / factors[1],
      Math.min((right - cut[0]) / factors[0], part.width),
      Math.min((bottom - cut[1]) / factors[1], part.height),
    ];
    const rows = convolvedDown(part, moved[1], moved[3] - moved[1], size[1]);
    return convolvedAcross(rows, moved[0], moved[2] - moved[0], size[0]);
  }

  /**
   * Scale an image as the model's metadata say ("crop", "squash" or "pad").
   *
   * @param image - The image, perhaps smaller already than it was.
   * @param size - Width and height of the original.
   * @param scale - How many pixels of the original one of `image` stands for, along each side.
   * @param resize - Of the metadata: {height, width, policy, crop_fraction}.
   */
  function resized(image, size, scale, resize) {
    const target = fitted(size, resize);
    const [left, top, right, bottom] = region(size, resize).map((edge) => edge / scale);
    const box = [left, top, Math.min(right, image.width), Math.min(bottom, image.height)];
    const small = resizeRegion(image, target, box);
    return resize.policy === "pad" ? padded(small, resize) : small;
  }

  /** The image in the middle of black. */
  function padded(image, { width, height }) {
    const [left, top] = [Math.floor((width - image.width) / 2), Math.floor((height - image.height) / 2)];
    const data = new Uint8Array(3 * width * height);
    for (let row = 0; row < image.height; row++) {
      const line = image.data.subarray(3 * row * image.width, 3 * (row + 1) * image.width);
      data.set(line, 3 * ((top + row) * width + left));
    }
    return { width, height, data };
  }

  /** The nearest pixel of each, without antialiasing: the policy "keras", as `keras.utils.load_img` does it. */
  function nearest(image, { width, height }) {
    const data = new Uint8Array(3 * width * height);
    const columns = nearestPlaces(image.width, width);
    nearestPlaces(image.height, height).forEach((y, row) => {
      columns.forEach((x, column) => {
        const from = 3 * (y * image.width + x);
        data.set(image.data.subarray(from, from + 3), 3 * (row * width + column));
      });
    });
    return { width, height, data };
  }

  function nearestPlaces(size, wanted) {
    const step = size / wanted;
    let place = step / 2;
    return Array.from({ length: wanted }, () => {
      const nearest = Math.floor(place);
      place += step; // as Pillow adds it up, which rounds otherwise than a product
      return nearest;
    });
  }

  /** For each EXIF orientation, where in a stored image of w x h the pixel (x, y) of the upright one comes from. */
  const SOURCES = {
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, w, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, w, h) => [y, h - 1 - x],
    7: (x, y, w, h) => [w - 1 - y, h - 1 - x],
    8: (x, y, w) => [w - 1 - y, x],
  };

  /** Whether an EXIF orientation exchanges width and height. */
  function liesOnItsSide(orientation) {
    return orientation >= 5;
  }

  /** Turn an image as its EXIF orientation says, 1 to 8. */
  function upright(image, orientation) {
    const source = SOURCES[orientation];
    if (source === undefined) return image;
    const lying = liesOnItsSide(orientation);
    const [width, height] = lying ? [image.height, image.width] : [image.width, image.height];
    const data = new Uint8Array(image.data.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [column, row] = source(x, y, image.width, image.height);
        const from = 3 * (row * image.width + column);
        data.set(image.data.subarray(from, from + 3), 3 * (y * width + x));
      }
    }
    return { width, height, data };
  }

  kerastl.resizing = { surplus, resized, nearest, upright, liesOnItsSide };
}
