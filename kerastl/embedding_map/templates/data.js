"use strict";
/* What the page knows of the images, as arrays: kerastl.data. */
const kerastl = {};
{
  const read = JSON.parse(document.getElementById("data").textContent);
  const count = read.paths.length;
  const xs = new Float64Array(count);
  const ys = new Float64Array(count);
  const widths = new Float64Array(count);
  const heights = new Float64Array(count);
  for (let each = 0; each < count; each += 1) {
    xs[each] = read.places[2 * each] / read.grid;
    ys[each] = 1 - read.places[2 * each + 1] / read.grid;
    widths[each] = read.sizes[2 * each];
    heights[each] = read.sizes[2 * each + 1];
  }
  const columns = read.columnsOf;
  const isMistake = new Uint8Array(count);
  for (const each of read.mistakes ?? []) isMistake[each] = 1;

  /** The name that an image has in a column, such as its label; empty where it has none. */
  function nameIn(column, image) {
    const code = columns[column]?.codes[image] ?? -1;
    return code < 0 ? "" : columns[column].names[code];
  }

  /** Where the image itself lies, for a page that lies on the same disk; empty where it cannot be shown. */
  function address(image) {
    const odd = read.addresses.odd[image];
    if (odd === "" || location.protocol !== "file:") return "";
    return odd?.startsWith("file:") ? odd : read.addresses.root + (odd ?? read.paths[image]);
  }

  kerastl.data = { ...read, count, xs, ys, widths, heights, isMistake, hasMistakes: read.mistakes !== null, columnsOf: columns, nameIn, address };
}
