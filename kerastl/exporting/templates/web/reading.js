"use strict";
/*
 * From the bytes of an image file to the pixels that the network takes.
 *
 * The browser decodes. What it would decide by itself is decided here: which way is up (EXIF), what shows behind
 * see-through parts, and how an image is scaled. Colors with a profile become sRGB by the browser's own arithmetic.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const MAX_BYTES = 256 * 2 ** 20;
  const MAX_PIXELS = 89_478_485; // as kerastl itself; of a JPEG that is scaled down while it is read, 500 million
  const MAX_JPEG_PIXELS = 500_000_000;
  const STRIP_PIXELS = 2 ** 21; // phones have canvases of 16 million pixels at most
  const ORIENTATION = 0x0112;

  /** An image that cannot be read; the message says why, for people. */
  class ImageError extends Error {}

  const ascii = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));

  const FORMATS = [
    ["JPEG", (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff],
    ["PNG", (bytes) => ascii(bytes, 1, 3) === "PNG"],
    ["WebP", (bytes) => ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP"],
    ["TIFF", (bytes) => ["II*\0", "MM\0*"].includes(ascii(bytes, 0, 4))],
    ["AVIF", (bytes) => /^ftypavi/.test(ascii(bytes, 4, 7))],
    ["HEIC", (bytes) => /^ftyp(hei|hev|mif)/.test(ascii(bytes, 4, 7))],
    ["PDF", (bytes) => ascii(bytes, 0, 4) === "%PDF"],
  ];

  function formatOf(bytes) {
    return FORMATS.find(([, matches]) => matches(bytes))?.[0] ?? "";
  }

  /** The parts of a file that is a row of parts: JPEG's segments, PNG's and WebP's chunks, as [name,
   * start, end]. */
  const PARTS = {
    *JPEG(bytes) {
      for (const { marker, start, end } of kerastl.jpeg.segments(bytes)) {
        yield [marker === 0xe1 ? ascii(bytes, start, 4) : "", start + 6, end];
      }
    },
    *PNG(bytes, view) {
      for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
        yield [ascii(bytes, at + 4, 4), at + 8, at + 8 + view.getUint32(at)];
      }
    },
    *WebP(bytes, view) {
      for (let at = 12; at + 8 <= bytes.length; ) {
        const size = view.getUint32(at + 4, true);
        const marked = ascii(bytes, at + 8, 6) === "Exif\0\0" ? 6 : 0;
        yield [ascii(bytes, at, 4), at + 8 + marked, at + 8 + size];
        at += 8 + size + (size % 2);
      }
    },
  };
  const EXIF_NAMES = ["Exif", "eXIf", "EXIF"];

  /** Where the EXIF data of a file say which way is up: the place of the two bytes and their value; or null. */
  function findOrientation(bytes, format) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      for (const [name, start, end] of PARTS[format]?.(bytes, view) ?? []) {
        if (EXIF_NAMES.includes(name)) return inDirectory(view, start, end);
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // broken EXIF data are no reason to give an image up
    }
    return null;
  }

  /** Look the orientation up in the first directory of TIFF data. */
  function inDirectory(view, start, end) {
    const little = view.getUint16(start) === 0x4949;
    const directory = start + view.getUint32(start + 4, little);
    const entries = view.getUint16(directory, little);
    for (let at = directory + 2; at < Math.min(directory + 2 + 12 * entries, end - 11); at += 12) {
      if (view.getUint16(at, little) === ORIENTATION) {
        const value = view.getUint16(at + 8, little);
        return value >= 1 && value <= 8 ? { place: at + 8, value, little } : null;
      }
    }
    return null;
  }

  /** The same file without a word on which way is up, so that all browsers give the pixels as they are stored. */
  function withoutOrientation(bytes, format, found) {
    if (found === null) return new Blob([bytes]);
    if (format === "PNG") {
      // A changed chunk would need another checksum; the image is whole without it.
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const [, start, end] = [...PARTS.PNG(bytes, view)].find(([name]) => name === "eXIf");
      return new Blob([bytes.subarray(0, start - 8), bytes.subarray(end + 4)]);
    }
    const changed = bytes.slice();
    new DataView(changed.buffer).setUint16(found.place, 1, found.little);
    return new Blob([changed]);
  }

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

  async function decoded(blob, format, options) {
    try {
      return await createImageBitmap(blob, options);
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
    const { liesOnItsSide, nearest, resized, upright } = kerastl.resizing;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const format = formatOf(bytes);
    check(bytes, format);
    const asStored = resize.policy === "keras"; // which follows neither orientation nor profile
    const found = findOrientation(bytes, format);
    const colorSpaceConversion = asStored ? "none" : "default";
    const bitmap = await decoded(withoutOrientation(bytes, format, found), format, { colorSpaceConversion });
    try {
      const size = [bitmap.width, bitmap.height];
      const orientation = asStored ? 1 : (found?.value ?? 1);
      const target = liesOnItsSide(orientation) ? { ...resize, width: resize.height, height: resize.width } : resize;
      const scale = format === "JPEG" && !asStored ? kerastl.jpeg.scaleOf(size, target) : 1;
      if (size[0] * size[1] > (scale > 1 ? MAX_JPEG_PIXELS : MAX_PIXELS)) {
        throw new ImageError(`too large: ${size[0]} x ${size[1]} pixels`);
      }
      const halved = scale > 1 && kerastl.jpeg.hasHalvedColors(bytes);
      const smaller = (strip, top, rows) => kerastl.jpeg.smaller(strip, scale, halved, top, rows).data;
      const image = pixelsOf(bitmap, asStored ? "transparent" : "white", scale, scale > 1 ? smaller : asTheyAre);
      return asStored ? nearest(image, resize) : upright(resized(image, size, scale, target), orientation);
    } finally {
      bitmap.close();
    }
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

  kerastl.reading = { ImageError, read, formatOf, findOrientation, pixelsAreTrue };
}
