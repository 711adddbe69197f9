/* Where the map is seen from: which part of it, and how large its thumbnails are. Pixels here are those of CSS. */
{
  const { count, side } = kerastl.data;
  const MARGIN = 28;
  const MOST = 400; // zoom
  const canvas = document.getElementById("map");
  const view = { width: 1, height: 1, zoom: 1, x: 0.5, y: 0.5 };

  /** Pixels that the whole map takes at zoom 1. */
  function extent() {
    return Math.max(40, Math.min(view.width, view.height) - 2 * MARGIN);
  }

  function scale() {
    return extent() * view.zoom;
  }

  function toScreen(x, y) {
    return [view.width / 2 + (x - view.x) * scale(), view.height / 2 + (y - view.y) * scale()];
  }

  function toMap(x, y) {
    return [view.x + (x - view.width / 2) / scale(), view.y + (y - view.height / 2) / scale()];
  }

  /** The longer side of thumbnails: they grow more slowly than the map, so that zooming in parts what overlaps. */
  function thumbnail() {
    const fitting = Math.min(side, Math.max(14, 0.7 * extent() / Math.sqrt(count)));
    return Math.min(fitting * view.zoom ** 0.75, Math.max(side, 160));
  }

  function limit() {
    view.zoom = Math.min(MOST, Math.max(0.5, view.zoom));
    view.x = Math.min(1, Math.max(0, view.x));
    view.y = Math.min(1, Math.max(0, view.y));
  }

  /** Zoom by a factor; what is at the point `x`, `y` stays there. */
  function zoomBy(factor, x = view.width / 2, y = view.height / 2) {
    const [left, top] = toMap(x, y);
    view.zoom *= factor;
    limit();
    view.x = left - (x - view.width / 2) / scale();
    view.y = top - (y - view.height / 2) / scale();
    limit();
  }

  function moveBy(dx, dy) {
    view.x -= dx / scale();
    view.y -= dy / scale();
    limit();
  }

  function fit() {
    Object.assign(view, { zoom: 1, x: 0.5, y: 0.5 });
  }

  /** Show a place in the middle, near enough to part it from its neighbors. */
  function goTo(x, y, zoom = 6) {
    Object.assign(view, { x, y, zoom: Math.max(view.zoom, zoom) });
    limit();
  }

  /** Show some images, as large as they fit. */
  function show(images) {
    const { xs, ys } = kerastl.data;
    const spread = (values) => images.reduce(([low, high], each) => [Math.min(low, values[each]), Math.max(high, values[each])], [1, 0]);
    const [[left, right], [top, bottom]] = [spread(xs), spread(ys)];
    view.zoom = 0.85 / Math.max(right - left, bottom - top, 0.05);
    view.x = (left + right) / 2;
    view.y = (top + bottom) / 2;
    limit();
  }

  /** Take the size of the canvas on the screen; give its pixels for each of CSS. */
  function resize() {
    const box = canvas.getBoundingClientRect();
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    view.width = Math.max(1, box.width);
    view.height = Math.max(1, box.height);
    canvas.width = Math.round(view.width * ratio);
    canvas.height = Math.round(view.height * ratio);
    return ratio;
  }

  kerastl.view = { canvas, view, toScreen, toMap, thumbnail, zoomBy, moveBy, fit, goTo, show, resize };
}
