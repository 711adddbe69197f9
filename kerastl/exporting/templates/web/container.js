"use strict";
/*
 * What an image file holds beside its pixels: which way is up (EXIF), and what its colors mean (ICC profile).
 *
 * JPEG, PNG and WebP are rows of parts. A part here is {name, start, end, from, to}: its name is "exif", "profile" or
 * something else, its content goes from `start` to `end`, and all of it from `from` to `to`.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const ORIENTATION = 0x0112;
  const FRAMES = [0xc0, 0xc1, 0xc2]; // JPEG's markers
  const GRAY_TYPES = [0, 4]; // of PNG, the latter with alpha
  const MAX_PROFILE_BYTES = 4 * 2 ** 20;
  const [WEBP_FLAGS, WEBP_SPEAKS_OF_BOTH] = [20, 0x28]; // that there are a profile and EXIF data

  const ascii = (bytes, start, length) => String.fromCharCode(...bytes.subarray(start, start + length));
  const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

  const FORMATS = [
    ["JPEG", (bytes) => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff],
    ["PNG", (bytes) => ascii(bytes, 1, 3) === "PNG"],
    ["WebP", (bytes) => ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 4) === "WEBP"],
    ["TIFF", (bytes) => ["II*\0", "MM\0*"].includes(ascii(bytes, 0, 4))],
    ["AVIF", (bytes) => /^ftypavi/.test(ascii(bytes, 4, 7))],
    ["HEIC", (bytes) => /^ftyp(hei|hev|mif)/.test(ascii(bytes, 4, 7))],
    ["PDF", (bytes) => ascii(bytes, 0, 4) === "%PDF"],
  ];

  /** The format of a file by its first bytes; empty if it is none of these. */
  function formatOf(bytes) {
    return FORMATS.find(([, matches]) => matches(bytes))?.[0] ?? "";
  }

  const PARTS = {
    *JPEG(bytes) {
      for (const segment of jpegSegments(bytes)) {
        const { marker, start } = segment;
        if (marker === 0xe1 && ascii(bytes, start, 6) === "Exif\0\0") yield { ...segment, name: "exif", start: start + 6 };
        // A profile goes on over several segments, which are numbered.
        else if (marker === 0xe2 && ascii(bytes, start, 12) === "ICC_PROFILE\0") {
          yield { ...segment, name: "profile", start: start + 14 };
        }
      }
    },
    *PNG(bytes) {
      const names = { eXIf: "exif", iCCP: "profile" };
      for (let from = 8; from + 12 <= bytes.length; ) {
        const end = from + 8 + viewOf(bytes).getUint32(from);
        yield { name: names[ascii(bytes, from + 4, 4)], start: from + 8, end, from, to: end + 4 };
        from = end + 4;
      }
    },
    *WebP(bytes) {
      const names = { EXIF: "exif", ICCP: "profile" };
      for (let from = 12; from + 8 <= bytes.length; ) {
        const end = from + 8 + viewOf(bytes).getUint32(from + 4, true);
        const start = from + 8 + (ascii(bytes, from + 8, 6) === "Exif\0\0" ? 6 : 0);
        yield { name: names[ascii(bytes, from, 4)], start, end, from, to: end + (end % 2) };
        from = end + (end % 2);
      }
    },
  };

  /** The segments of a JPEG up to its pixels, as {marker, start, end, from, to}. */
  function* jpegSegments(bytes) {
    for (let from = 2; from + 4 <= bytes.length && bytes[from] === 0xff && bytes[from + 1] !== 0xda; ) {
      const to = from + 2 + viewOf(bytes).getUint16(from + 2);
      yield { marker: bytes[from + 1], start: from + 4, end: to, from, to };
      from = to;
    }
  }

  /** Where the frame of a JPEG says its size and its channels; null if it says neither. */
  function jpegFrame(bytes) {
    for (const { marker, start } of jpegSegments(bytes)) if (FRAMES.includes(marker)) return start;
    return null;
  }

  /** Whether an image has gray only, and no colors. */
  function isGray(bytes, format) {
    if (format === "PNG") return GRAY_TYPES.includes(bytes[25]);
    const frame = format === "JPEG" ? jpegFrame(bytes) : null;
    return frame !== null && bytes[frame + 5] === 1;
  }

  /** The parts of a file; of a broken one those before the fault. */
  function partsOf(bytes, format) {
    const found = [];
    try {
      for (const part of PARTS[format]?.(bytes) ?? []) if (part.to <= bytes.length) found.push(part);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
    return found;
  }

  /** Which way is up, 1 to 8; 1 where the EXIF data do not say it, or are broken. */
  function orientationOf(bytes, parts) {
    const exif = parts.find(({ name }) => name === "exif");
    if (exif === undefined) return 1;
    const view = viewOf(bytes.subarray(exif.start, exif.end));
    try {
      const little = view.getUint16(0) === 0x4949;
      const directory = view.getUint32(4, little);
      const entries = view.getUint16(directory, little);
      for (let at = directory + 2; at < directory + 2 + 12 * entries; at += 12) {
        if (view.getUint16(at, little) === ORIENTATION) {
          const value = view.getUint16(at + 8, little);
          return value >= 1 && value <= 8 ? value : 1;
        }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // broken EXIF data are no reason to give an image up
    }
    return 1;
  }

  /** The color profile in a file; null if there is none, or if it is broken. */
  async function profileOf(bytes, format, parts) {
    const pieces = parts.filter(({ name }) => name === "profile").map(({ start, end }) => bytes.subarray(start, end));
    if (pieces.length === 0) return null;
    const whole = new Blob(format === "PNG" ? [pieces[0].subarray(pieces[0].indexOf(0) + 2)] : pieces);
    const stream = format === "PNG" ? whole.stream().pipeThrough(new DecompressionStream("deflate")) : whole.stream();
    const [read, reader] = [[], stream.getReader()];
    let size = 0;
    try {
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        read.push(piece.value);
        size += piece.value.length;
        if (size > MAX_PROFILE_BYTES) return null;
      }
    } catch {
      return null;
    }
    return new Uint8Array(await new Blob(read).arrayBuffer());
  }

  /** A file without some of its parts, so that all browsers decode it in the same way. */
  function without(bytes, format, parts) {
    const kept = [];
    let place = 0;
    for (const { from, to } of parts) {
      kept.push(bytes.slice(place, from));
      place = to;
    }
    kept.push(bytes.slice(place));
    if (format === "WebP" && parts.length) {
      const size = kept.reduce((sum, piece) => sum + piece.length, 0);
      viewOf(kept[0]).setUint32(4, size - 8, true);
      kept[0][WEBP_FLAGS] &= ~WEBP_SPEAKS_OF_BOTH;
    }
    return new Blob(kept);
  }

  kerastl.container = { formatOf, isGray, jpegFrame, orientationOf, partsOf, profileOf, without };
}
