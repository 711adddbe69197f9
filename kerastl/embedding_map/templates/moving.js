/* While the map moves and drawing it takes long, its last picture is moved and scaled; it is drawn anew when it rests. */
{
  const { drawing, view: seen } = kerastl;
  const { canvas, view } = seen;
  const REST = 120; // milliseconds
  const state = { quick: 12 }; // milliseconds that drawing may take at each move
  const picture = document.createElement("canvas");
  const context = canvas.getContext("2d");
  let corner = [0, 0]; // the place on the map of the picture's corner
  let zoom = 1;
  let timer = 0;
  let waiting = false;

  function take() {
    picture.width = canvas.width;
    picture.height = canvas.height;
    picture.getContext("2d", { alpha: false }).drawImage(canvas, 0, 0);
  }

  function slide() {
    waiting = false;
    if (!timer) return;
    const [left, top] = seen.toScreen(...corner);
    const larger = view.zoom / zoom;
    drawing.clear();
    context.drawImage(picture, left, top, view.width * larger, view.height * larger);
  }

  /** Show the map as it is seen now, and soon as sharp as ever. `before` is where the picture on the canvas was seen from. */
  function moved(before) {
    if (drawing.took() <= state.quick && !timer) {
      drawing.redraw();
      return;
    }
    if (!timer) {
      take();
      [corner, zoom] = before;
    }
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      drawing.redraw();
    }, REST);
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(slide);
  }

  /** Where the map is seen from, for `moved`. */
  function place() {
    return [seen.toMap(0, 0), view.zoom];
  }

  kerastl.moving = { state, place, moved, resting: () => timer === 0 };
}
