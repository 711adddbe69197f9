/* Pointers, wheel and keys. */
{
  const { detail, drawing, filter, moving, view: seen } = kerastl;
  const { canvas, view } = seen;
  const search = document.getElementById("search");
  const STILL = 5; // pixels that a click may move
  const pointers = new Map();
  let moved = 0;

  function point(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  /** The middle of the pointers that are down, and how far apart they are. */
  function pinch() {
    const [[ax, ay], [bx, by]] = [...pointers.values()];
    return [(ax + bx) / 2, (ay + by) / 2, Math.hypot(ax - bx, ay - by)];
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    if (pointers.size === 0) moved = 0;
    pointers.set(event.pointerId, point(event));
    canvas.classList.add("dragging");
  });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const now = point(event);
    const place = moving.place();
    if (pointers.size === 2) {
      const [x, y, apart] = pinch();
      pointers.set(event.pointerId, now);
      const [nextX, nextY, nextApart] = pinch();
      seen.moveBy(nextX - x, nextY - y);
      if (apart > 0 && nextApart > 0) seen.zoomBy(nextApart / apart, nextX, nextY);
      moved = Infinity;
    } else {
      pointers.set(event.pointerId, now);
      moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
      if (moved > STILL) seen.moveBy(now[0] - before[0], now[1] - before[1]);
    }
    moving.moved(place);
  });
  function release(event) {
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size) return;
    canvas.classList.remove("dragging");
    if (event.type === "pointerup" && moved <= STILL) detail.choose(drawing.at(...point(event)));
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const place = moving.place();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? view.height : 1);
    seen.zoomBy(Math.exp(-Math.max(-400, Math.min(400, pixels)) / 400), ...point(event));
    moving.moved(place);
  }, { passive: false });

  const zoom = (factor) => () => seen.zoomBy(factor);
  const move = (right, down) => () => seen.moveBy(-right * view.width / 6, -down * view.height / 6);
  const KEYS = {
    ArrowLeft: move(-1, 0), ArrowRight: move(1, 0), ArrowUp: move(0, -1), ArrowDown: move(0, 1),
    "+": zoom(1.4), "=": zoom(1.4), "-": zoom(1 / 1.4), 0: seen.fit,
    "/": () => search.focus(), m: filter.toggleMistakes, n: () => detail.step(1), p: () => detail.step(-1),
    Enter: () => detail.choose(drawing.at(view.width / 2, view.height / 2)),
    Escape: () => (drawing.state.chosen >= 0 ? detail.close() : filter.clear()),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const inside = event.target.closest("input, select, button, summary, a");
    if (event.target === search && event.key === "Enter") detail.step(1);
    else if (event.target === search && event.key === "Escape") {
      filter.clear();
      canvas.focus();
    } else if (inside && (event.target.matches("input, select") || event.key === "Enter")) return;
    else if (!Object.hasOwn(KEYS, event.key)) return;
    else KEYS[event.key]();
    event.preventDefault();
    drawing.redraw();
  });

  for (const [id, act] of [["in", zoom(1.6)], ["out", zoom(1 / 1.6)], ["fit", seen.fit]]) {
    document.getElementById(id).addEventListener("click", () => {
      act();
      drawing.redraw();
    });
  }
  const legend = document.getElementById("legend");
  const opener = document.getElementById("legend-button");
  opener.addEventListener("click", () => {
    opener.setAttribute("aria-expanded", String(legend.classList.toggle("open")));
  });
}
