"use strict";
/*
 * Color profiles (ICC.1:2022): what an image's numbers mean becomes sRGB, as kerastl does it in Python.
 *
 * Only profiles of three curves and a matrix are known here: those of cameras, phones and screens, such as Display P3
 * and Adobe RGB. The conversion is relative colorimetric, after the image was resized, so that few pixels are left.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const INVISIBLE = 2; // a profile that moves no color by more levels of 255 is taken for sRGB
  const STEPS = [0, 51, 102, 153, 204, 255];
  // The inverse of the matrix in sRGB profiles, whose white is that of D50.
  const FROM_XYZ = [
    [3.1342743, -1.617274, -0.4907348],
    [-0.9787956, 1.9161616, 0.0334541],
    [0.0719786, -0.2289899, 1.4057484],
  ];
  const CHANNELS = ["r", "g", "b"];

  const ascii = (view, at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
  const fixed = (view, at) => view.getInt32(at) / 65536;

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
      else curve = (x) => interpolated((n) => view.getUint16(at + 12 + 2 * n) / 65535, x * (count - 1), count - 1);
    } else return null;
    return Float64Array.from({ length: 256 }, (_, value) => curve(value / 255));
  }

  function interpolated(values, place, last) {
    const below = Math.min(Math.floor(place), last);
    const part = place - below;
    return part === 0 ? values(below) : (1 - part) * values(below) + part * values(Math.min(below + 1, last));
  }

  /** A profile's three curves and its matrix to light in sRGB's colors; null if it is of another kind. */
  function matrixProfile(profile) {
    const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
    try {
      if (ascii(view, 16) !== "RGB " || ascii(view, 20) !== "XYZ ") return null;
      const tags = tagsOf(view);
      if ("A2B0" in tags || "A2B1" in tags || CHANNELS.some((c) => !(`${c}TRC` in tags && `${c}XYZ` in tags))) return null;
      const curves = CHANNELS.map((channel) => curveAt(view, tags[`${channel}TRC`]));
      if (curves.includes(null)) return null;
      const columns = CHANNELS.map((channel) => [8, 12, 16].map((n) => fixed(view, tags[`${channel}XYZ`] + n)));
      const matrix = FROM_XYZ.map((row) => columns.map((column) => row.reduce((sum, each, n) => sum + each * column[n], 0)));
      return { curves, matrix };
    } catch (error) {
      if (error instanceof RangeError) return null; // it is broken
      throw error;
    }
  }

  /** Change RGB bytes in place. */
  function convert(data, { curves, matrix }) {
    for (let at = 0; at < data.length; at += 3) {
      const light = curves.map((curve, channel) => curve[data[at + channel]]);
      matrix.forEach((row, channel) => {
        const mixed = row[0] * light[0] + row[1] * light[1] + row[2] * light[2];
        data[at + channel] = Math.round(255 * Math.max(0, Math.min(encoded(mixed), 1)));
      });
    }
  }

  function movesNothing(found) {
    const grid = Uint8Array.from(STEPS.flatMap((r) => STEPS.flatMap((g) => STEPS.flatMap((b) => [r, g, b]))));
    const moved = grid.slice();
    convert(moved, found);
    return grid.every((value, at) => Math.abs(value - moved[at]) <= INVISIBLE);
  }

  /**
   * What turns RGB bytes into sRGB, in place; null where a profile is of a kind that is not known here.
   *
   * @param {Uint8Array | null} profile - Null if there is none.
   */
  function conversion(profile) {
    if (profile === null) return () => {};
    const found = matrixProfile(profile);
    if (found === null) return null;
    return movesNothing(found) ? () => {} : (data) => convert(data, found);
  }

  kerastl.color = { conversion };
}
