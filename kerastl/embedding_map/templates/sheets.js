/* The thumbnails: draws one at a size. Smaller copies of the sheets serve small sizes, which keeps them quick and smooth. */
{
  const { side, columns, widths, heights } = kerastl.data;
  const cells = columns * columns;
  const SMALLEST = 16; // pixels of a cell in the smallest copies
  const levels = []; // levels[l][sheet]: the sheet at 1 / 2 ** l of its size

  /** Decode the sheets, and make the smaller copies. */
  async function load() {
    const sheets = [...document.querySelectorAll("img.sheet")];
    await Promise.all(sheets.map((sheet) => sheet.decode()));
    levels.push(sheets);
    for (let cell = side / 2; cell >= SMALLEST; cell /= 2) levels.push(levels.at(-1).map(halved));
  }

  function halved(sheet) {
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, (sheet.naturalWidth ?? sheet.width) / 2);
    canvas.height = Math.max(1, (sheet.naturalHeight ?? sheet.height) / 2);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(sheet, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** Draw the thumbnail of an image into a box whose longer side has `pixels` device pixels. */
  function draw(context, image, x, y, width, height, pixels) {
    let level = 0;
    while (level + 1 < levels.length && side / 2 ** (level + 1) >= pixels) level += 1;
    const place = image % cells;
    const cell = side / 2 ** level;
    const shrink = 2 ** level;
    context.drawImage(
      levels[level][Math.floor(image / cells)],
      (place % columns) * cell, Math.floor(place / columns) * cell, widths[image] / shrink, heights[image] / shrink,
      x, y, width, height,
    );
  }

  /** A canvas with the thumbnail of an image, as large as it was stored. */
  function canvas(image) {
    const made = document.createElement("canvas");
    made.width = Math.max(1, widths[image]);
    made.height = Math.max(1, heights[image]);
    if (widths[image]) draw(made.getContext("2d"), image, 0, 0, made.width, made.height, side);
    return made;
  }

  kerastl.sheets = { load, draw, canvas };
}
