/* Draws the map: each image in a frame of its class's color; mistakes in a wider frame, with a corner in the color of
   the answer; what is not found, or not chosen in the legend, pale. */
{
  const { data, sheets, view: seen } = kerastl;
  const { count, xs, ys, widths, heights, isMistake, palette } = data;
  const { canvas, view } = seen;
  const context = canvas.getContext("2d", { alpha: false });
  const DOTS = 9; // thumbnails of fewer pixels show as dots in the color of their class
  const PALE = 0.12;
  const NONE = "#8a929c"; // of images without a class
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const state = { column: Object.keys(data.columnsOf)[0] ?? "", found: new Uint8Array(count).fill(1), chosen: -1 };
  let ratio = 1;
  let waiting = false;
  let took = 0; // milliseconds, to draw everything

  function colorIn(column, image) {
    const code = data.columnsOf[column]?.codes[image] ?? -1;
    return code < 0 ? NONE : palette[data.columnsOf[column].styles[2 * code]];
  }

  function shapeIn(column, image) {
    const code = data.columnsOf[column]?.codes[image] ?? -1;
    return code < 0 ? 0 : data.columnsOf[column].styles[2 * code + 1];
  }

  /** The box of an image's thumbnail on the screen: left, top, width, height. */
  function box(image, size) {
    const [x, y] = seen.toScreen(xs[image], ys[image]);
    const longer = Math.max(widths[image], heights[image]);
    const width = longer ? (size * widths[image]) / longer : size;
    const height = longer ? (size * heights[image]) / longer : size;
    return [x - width / 2, y - height / 2, width, height];
  }

  function visible([left, top, width, height]) {
    return left < view.width && top < view.height && left + width > 0 && top + height > 0;
  }

  /** Draw a circle, square, triangle or diamond around a point. */
  function mark(target, shape, x, y, radius) {
    target.beginPath();
    if (shape === 0) target.arc(x, y, radius, 0, 7);
    else if (shape === 1) target.rect(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius);
    else {
      const corners = shape === 2 ? [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]] : [[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]];
      for (const [right, down] of corners) target.lineTo(x + right * radius, y + down * radius);
      target.closePath();
    }
    target.fill();
  }

  function drawDot(image, size, ink) {
    const [x, y] = seen.toScreen(xs[image], ys[image]);
    if (isMistake[image]) {
      context.fillStyle = ink;
      mark(context, 0, x, y, 0.75 * size);
    }
    context.fillStyle = colorIn(state.column, image);
    mark(context, shapeIn(state.column, image), x, y, size / 2);
  }

  function drawThumbnail(image, size, ink, paper) {
    const [left, top, width, height] = box(image, size);
    const frame = Math.max(1, Math.min(5, size / 22));
    const fill = (color, more) => {
      context.fillStyle = color;
      context.fillRect(left - more, top - more, width + 2 * more, height + 2 * more);
    };
    if (image === state.chosen) fill(ink, 2.6 * frame + 2);
    if (isMistake[image]) {
      fill(ink, 2.6 * frame);
      fill(paper, 1.6 * frame);
    }
    fill(colorIn(state.column, image), isMistake[image] ? 1.2 * frame : frame);
    if (widths[image]) sheets.draw(context, image, left, top, width, height, size * ratio);
    if (isMistake[image]) {
      const corner = size / 3.2;
      context.fillStyle = colorIn("answer", image);
      context.beginPath();
      context.moveTo(left + width - corner, top);
      context.lineTo(left + width, top);
      context.lineTo(left + width, top + corner);
      context.fill();
    }
  }

  /** Empty the canvas; gives the colors of paper and ink. */
  function clear() {
    const [paper, ink] = dark.matches ? ["#12151a", "#ffffff"] : ["#f6f7f9", "#11151a"];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = paper;
    context.fillRect(0, 0, view.width, view.height);
    return [paper, ink];
  }

  /** Draw everything, and say how many images that were. */
  function draw() {
    waiting = false;
    const start = performance.now();
    const [paper, ink] = clear();
    const size = seen.thumbnail();
    const each = size < DOTS ? drawDot : drawThumbnail;
    let drawn = 0;
    for (const found of [0, 1]) {
      context.globalAlpha = found ? 1 : PALE;
      for (const wrong of [0, 1]) {
        for (let image = 0; image < count; image += 1) {
          if (state.found[image] !== found || isMistake[image] !== wrong || image === state.chosen) continue;
          if (!visible(box(image, size))) continue;
          each(image, size, ink, paper);
          drawn += 1;
        }
      }
    }
    context.globalAlpha = 1;
    if (state.chosen >= 0) drawThumbnail(state.chosen, Math.max(size, 24), ink, paper);
    took = performance.now() - start;
    return drawn;
  }

  /** Draw before the screen is shown next. */
  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function resize() {
    ratio = seen.resize();
    draw(); // at once: a canvas of a new size is empty
  }

  /** The image at a point of the screen, the uppermost; -1 where there is none. */
  function at(x, y) {
    const size = Math.max(seen.thumbnail(), 12);
    let best = -1;
    const rank = (image) => (image === state.chosen) * 4 + state.found[image] * 2 + isMistake[image];
    for (let image = 0; image < count; image += 1) {
      const [left, top, width, height] = box(image, size);
      if (x < left || y < top || x > left + width || y > top + height) continue;
      if (best < 0 || rank(image) >= rank(best)) best = image;
    }
    return best;
  }

  dark.addEventListener("change", redraw);
  kerastl.drawing = { state, clear, draw, took: () => took, redraw, resize, at, mark, colorIn, NONE };
}
