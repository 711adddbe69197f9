"use strict";
/*
 * From the bytes of an image file to the pixels that the network takes.
 *
 * The browser decodes. What it would decide by itself is decided here: which way is up (EXIF), what shows behind
 * see-through parts, what colors mean (ICC profiles), and how an image is scaled.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const MAX_BYTES = 256 * 2 ** 20;
  const MAX_PIXELS = 89_478_485; // as kerastl itself; of a JPEG that is scaled down while it is read, 500 million
  const MAX_JPEG_PIXELS = 500_000_000;
  const STRIP_PIXELS = 2 ** 21; // phones have canvases of 16 million pixels at most

  /** An image that cannot be read; the message says why, for people. */
  class ImageError extends Error {}

  /**
   * RGB bytes of a decoded image.
   *
   * @param bitmap - The image.
   * @param behind - The color behind see-through parts.
   * @param scale - By how much it is made smaller.
   * @param smaller - Does that with some rows, as `kerastl.jpeg.smaller` does.
   */
  function pixelsOf(bitmap, behind, scale, smaller) {
    const canvas = document.createElement("canvas");
    const rows = Math.max(1, Math.floor(STRIP_PIXELS / bitmap.width / scale)) * scale;
    [canvas.width, canvas.height] = [bitmap.width, Math.min(rows + 2, bitmap.height)];
    const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" });
    if (context === null) throw new ImageError("there is no memory for it in this browser");
    const width = Math.ceil(bitmap.width / scale);
    const height = Math.ceil(bitmap.height / scale);
    const data = new Uint8Array(3 * width * height);
    for (let top = 0; top < bitmap.height; top += rows) {
      const first = Math.max(0, top - 1);
      const tall = Math.min(top + rows + 1, bitmap.height) - first;
      context.clearRect(0, 0, bitmap.width, tall);
      context.fillStyle = behind;
      context.fillRect(0, 0, bitmap.width, tall);
      context.drawImage(bitmap, 0, first, bitmap.width, tall, 0, 0, bitmap.width, tall);
      const strip = withoutAlpha(context.getImageData(0, 0, bitmap.width, tall));
      const small = smaller(strip, top - first, Math.min(rows, bitmap.height - top));
      data.set(small, 3 * width * (top / scale));
    }
    return { width, height, data };
  }

  /** Some rows as they are. */
  function asTheyAre({ width, data }, top, rows) {
    return data.subarray(3 * width * top, 3 * width * (top + rows));
  }

  function withoutAlpha({ width, height, data }) {
    const colors = new Uint8Array(3 * width * height);
    for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
      colors[to] = data[from];
      colors[to + 1] = data[from + 1];
      colors[to + 2] = data[from + 2];
    }
    return { width, height, data: colors };
  }

  function check(bytes, format) {
    if (bytes.length === 0) throw new ImageError("an empty file");
    if (bytes.length > MAX_BYTES) throw new ImageError("too large: a file of more than 256 MiB");
    if (format === "PNG" && bytes[24] === 16) {
      throw new ImageError("16 bits a channel, of which browsers keep 8; save it with 8 bits");
    }
  }

  /** Let the browser decode a file, which has lost what it says of orientation and profile where that is ours. */
  async function decoded(bytes, format, parts) {
    try {
      return await createImageBitmap(kerastl.container.without(bytes, format, parts));
    } catch {
      const what = format ? `${format} that is broken or that this browser cannot read` : "no image, or a broken one";
      throw new ImageError(`${what}; try JPEG or PNG`);
    }
  }

  /**
   * Read one image as the network gets it.
   *
   * @param {Blob} file - An image file.
   * @param resize - `kerastl.model.input`: {height, width, policy, crop_fraction}.
   * @returns {Promise<{width, height, data}>} RGB bytes, of the size that `resize` names.
   * @throws {ImageError} It cannot be read.
   */
  async function read(file, resize) {
    const { formatOf, isGray, orientationOf, partsOf, profileOf } = kerastl.container;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const format = formatOf(bytes);
    check(bytes, format);
    const asStored = resize.policy === "keras"; // which follows neither orientation nor profile
    const parts = partsOf(bytes, format);
    const orientation = asStored ? 1 : orientationOf(bytes, parts);
    const profile = asStored ? null : await profileOf(bytes, format, parts);
    const toSrgb = asStored ? null : kerastl.color.conversion(profile, isGray(bytes, format));
    // Profiles of kinds that are not known here are left to the browser.
    const ours = parts.filter(({ name }) => name === "exif" || (name === "profile" && (asStored || toSrgb !== null)));
    const bitmap = await decoded(bytes, format, ours);
    try {
      if (asStored) return kerastl.resizing.nearest(pixelsOf(bitmap, "transparent", 1, asTheyAre), resize);
      const small = fromBitmap(bitmap, bytes, format, turned(resize, orientation));
      toSrgb?.(small.data);
      return kerastl.resizing.upright(small, orientation);
    } finally {
      bitmap.close();
    }
  }

  /** The size that a lying image gets before it is turned upright. */
  function turned(resize, orientation) {
    const lying = kerastl.resizing.liesOnItsSide(orientation);
    return lying ? { ...resize, width: resize.height, height: resize.width } : resize;
  }

  function fromBitmap(bitmap, bytes, format, resize) {
    const size = [bitmap.width, bitmap.height];
    const scale = format === "JPEG" ? kerastl.jpeg.scaleOf(size, resize) : 1;
    if (size[0] * size[1] > (scale > 1 ? MAX_JPEG_PIXELS : MAX_PIXELS)) {
      throw new ImageError(`too large: ${size[0]} x ${size[1]} pixels`);
    }
    const stored = kerastl.jpeg.sampling(bytes);
    const smaller = (strip, top, rows) => kerastl.jpeg.smaller(strip, scale, stored, top, rows).data;
    const image = pixelsOf(bitmap, "white", scale, scale > 1 ? smaller : asTheyAre);
    return kerastl.resizing.resized(image, size, scale, resize);
  }

  /** Whether this browser shows pages the pixels of a canvas as they are; some blur them, against tracking. */
  function pixelsAreTrue() {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [16, 16];
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const drawn = new ImageData(16, 16);
    for (let at = 0; at < drawn.data.length; at++) drawn.data[at] = at % 4 === 3 ? 255 : (at * 37) % 256;
    context.putImageData(drawn, 0, 0);
    const seen = context.getImageData(0, 0, 16, 16).data;
    return drawn.data.every((value, at) => value === seen[at]);
  }

  kerastl.reading = { ImageError, read, pixelsAreTrue };
}
