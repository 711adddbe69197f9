"use strict";
/*
 * Color profiles (ICC.1:2022): what an image's numbers mean becomes sRGB, as kerastl does it in Python.
 *
 * Only profiles of curves and a matrix are known here: those of cameras, phones and screens, such as Display P3 and
 * Adobe RGB, and those of gray. The conversion is relative colorimetric, after the image was resized, so that few pixels are left.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const INVISIBLE = 2; // a profile that moves no color by more levels of 255 is taken for sRGB
  const STEPS = [0, 51, 102, 153, 204, 255];
  // From XYZ, whose white is that of D50, to sRGB's light.
  const FROM_XYZ = [
    [3.1341864, -1.617209, -0.4906941],
    [-0.9787485, 1.9161301, 0.0334334],
    [0.0719639, -0.2289939, 1.4057537],
  ];
  const CHANNELS = ["r", "g", "b"];
  const ONE = 2 ** 14; // what stands for 1 where light is told in whole numbers

  const ascii = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
  const fixed = (view, at) => view.getInt32(at) / 65536;

  const toWhole = (number) => Math.floor(number * ONE + 0.5);

  function encoded(light) {
    return light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  }

  /** The tags of a profile: where each begins, by name. */
  function tagsOf(view) {
    const tags = {};
    const count = Math.min(view.getUint32(128), 100);
    for (let n = 0; n < count; n++) tags[ascii(view, 132 + 12 * n)] = view.getUint32(136 + 12 * n);
    return tags;
  }

  /** Parametric curves by their number, with the exponent g and up to six further parameters. */
  const PARAMETRIC = [
    { count: 1, curve: ([g]) => (x) => x ** g },
    { count: 3, curve: ([g, a, b]) => (x) => (a * x + b >= 0 ? (a * x + b) ** g : 0) },
    { count: 4, curve: ([g, a, b, c]) => (x) => (a * x + b >= 0 ? (a * x + b) ** g + c : c) },
    { count: 5, curve: ([g, a, b, c, d]) => (x) => (x >= d ? (a * x + b) ** g : c * x) },
    { count: 7, curve: ([g, a, b, c, d, e, f]) => (x) => (x >= d ? (a * x + b) ** g + e : c * x + f) },
  ];

  /** How much light each of the 256 numbers of a channel stands for; null for a curve of another kind. */
  function curveAt(view, at) {
    const kind = ascii(view, at);
    let curve;
    if (kind === "para") {
      const known = PARAMETRIC[view.getUint16(at + 8)];
      if (known === undefined) return null;
      curve = known.curve(Array.from({ length: known.count }, (_, n) => fixed(view, at + 12 + 4 * n)));
    } else if (kind === "curv") {
      const count = view.getUint32(at + 8);
      if (count === 0) curve = (x) => x;
      else if (count === 1) curve = (x) => x ** (view.getUint16(at + 12) / 256);
      else curve = (x) => interpolated((n) => view.getUint16(at + 12 + 2 * n), x, count - 1);
    } else return null;
    return Int32Array.from({ length: 256 }, (_, value) => toWhole(curve(value / 255)));
  }

  /** Look a number from 0 to 1 up in a table of words, between which it is interpolated as Little CMS does it. */
  function interpolated(wordAt, number, last) {
    const scaled = last * Math.floor(65535 * number + 0.5);
    const place = scaled + Math.floor((scaled + 0x7fff) / 0xffff);
    const [below, part] = [Math.floor(place / 65536), place % 65536];
    const word = wordAt(below);
    return (word + Math.floor(((wordAt(Math.min(below + 1, last)) - word) * part + 0x8000) / 65536)) / 65535;
  }

  /** The curves of a profile with a matrix, and that matrix to sRGB's light; null if it is of another kind. */
  function ofColors(view, tags) {
    if ("A2B0" in tags || "A2B1" in tags || CHANNELS.some((c) => !(`${c}TRC` in tags && `${c}XYZ` in tags))) return null;
    const curves = CHANNELS.map((channel) => curveAt(view, tags[`${channel}TRC`]));
    const columns = CHANNELS.map((channel) => [8, 12, 16].map((n) => fixed(view, tags[`${channel}XYZ`] + n)));
    const mixed = (row, column) => toWhole(row.reduce((sum, each, n) => sum + each * column[n], 0));
    return { curves, matrix: FROM_XYZ.map((row) => columns.map((column) => mixed(row, column))) };
  }

  /** The same of a profile for gray. */
  function ofGray(view, tags) {
    if ("A2B0" in tags || "A2B1" in tags || !("kTRC" in tags)) return null;
    const curve = curveAt(view, tags.kTRC);
    return { curves: [curve, curve, curve], matrix: [0, 1, 2].map((row) => [0, 1, 2].map((n) => (n === row ? ONE : 0))) };
  }

  const KINDS = { "RGB ": ofColors, GRAY: ofGray };

  /** The byte for each amount of light from 0 to ONE. */
  let bytes = null;

  function byteTable() {
    return Uint8Array.from({ length: ONE + 1 }, (_, light) => {
      const word = Math.floor(65535 * encoded(light / ONE) + 0.5);
      return Math.floor((word * 65281 + 8388608) / 2 ** 24); // how Little CMS makes 8 bits of 16
    });
  }

  /** Change RGB bytes in place, in whole numbers as Little CMS does it, which Python uses. */
  function convert(data, { curves, matrix }) {
    bytes = bytes ?? byteTable();
    for (let at = 0; at < data.length; at += 3) {
      const [r, g, b] = [curves[0][data[at]], curves[1][data[at + 1]], curves[2][data[at + 2]]];
      for (let channel = 0; channel < 3; channel++) {
        const row = matrix[channel];
        const light = Math.floor((row[0] * r + row[1] * g + row[2] * b + ONE / 2) / ONE);
        data[at + channel] = bytes[Math.max(0, Math.min(light, ONE))];
      }
    }
  }

  function movesNothing(found, isGray) {
    const colors = STEPS.flatMap((r) => STEPS.flatMap((g) => STEPS.map((b) => [r, g, b])));
    const grays = Array.from({ length: 64 }, (_, n) => Array(3).fill(Math.floor((255 * n) / 63)));
    const grid = Uint8Array.from((isGray ? grays : colors).flat());
    const moved = grid.slice();
    convert(moved, found);
    return grid.every((value, at) => Math.abs(value - moved[at]) <= INVISIBLE);
  }

  /**
   * What turns RGB bytes into sRGB, in place; null where a profile is of a kind that is not known here.
   *
   * @param {Uint8Array | null} profile - Null if there is none. One for another kind of image says nothing.
   * @param {boolean} isGray - Whether the image has no colors.
   */
  function conversion(profile, isGray) {
    const nothing = () => {};
    if (profile === null) return nothing;
    const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
    try {
      const kind = ascii(view, 16);
      if (!(kind in KINDS)) return null;
      if (isGray !== (kind === "GRAY")) return nothing;
      const found = ascii(view, 20) === "XYZ " ? KINDS[kind](view, tagsOf(view)) : null;
      if (found === null || found.curves.includes(null)) return null;
      return movesNothing(found, isGray) ? nothing : (data) => convert(data, found);
    } catch (error) {
      if (error instanceof RangeError) return null; // it is broken
      throw error;
    }
  }

  kerastl.color = { conversion };
}
