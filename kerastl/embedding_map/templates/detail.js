/* The chosen image: larger, with what is known of it, and those most like it. */
{
  const { data, drawing, filter, sheets, view: seen } = kerastl;
  const { state } = drawing;
  const panel = document.getElementById("detail");

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function button(text, act) {
    const made = element("button", text);
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  /** The thumbnail, until the image itself is there, where it can be read. */
  function picture(image) {
    const shown = sheets.canvas(image);
    shown.className = "large";
    const address = data.address(image);
    if (address) {
      const large = new Image();
      large.className = "large";
      large.alt = "";
      large.addEventListener("load", () => shown.isConnected && shown.replaceWith(large));
      large.src = address;
    }
    return shown;
  }

  function facts(image) {
    const answer = data.nameIn("answer", image);
    const score = data.scores?.[image];
    const said = score === undefined || !answer ? answer : `${answer} ${(100 * score).toFixed(1)} %`;
    const list = element("dl");
    const rows = [["Path", data.paths[image], ""], ["Label", data.nameIn("label", image), ""], ["Answer", said, data.isMistake[image] ? "wrong" : ""]];
    for (const [name, value, className] of rows) {
      if (!value) continue;
      const description = element("dd", value, className);
      description.dir = "auto";
      list.append(element("dt", name), description);
    }
    return list;
  }

  function similar(image) {
    const row = element("div", "", "similar");
    for (const other of data.neighbors[image]) {
      const one = button("", () => choose(other, true));
      one.title = data.paths[other];
      one.setAttribute("aria-label", data.paths[other]);
      one.append(sheets.canvas(other));
      row.append(one);
    }
    return row;
  }

  /** Show an image; `go` moves the map to it. */
  function choose(image, go = false) {
    state.chosen = image;
    panel.hidden = image < 0;
    if (image >= 0) {
      const buttons = element("div", "", "buttons");
      buttons.append(button("Previous", () => step(-1)), button("Next", () => step(1)), button("Close", () => close()));
      const more = data.neighbors[image].length ? [element("h2", "Most similar"), similar(image)] : [];
      panel.replaceChildren(buttons, picture(image), facts(image), ...more);
      panel.scrollTop = 0;
      const label = data.nameIn("label", image);
      const answer = data.nameIn("answer", image);
      filter.say([data.paths[image], label && `label ${label}`, answer && `answer ${answer}`].filter(Boolean).join(", "));
      if (go) seen.goTo(data.xs[image], data.ys[image]);
    }
    drawing.redraw();
  }

  function close() {
    const focused = panel.contains(document.activeElement);
    choose(-1);
    if (focused) seen.canvas.focus();
  }

  /** Go to the next of the images that are found, or to the one before. */
  function step(by) {
    const found = filter.found();
    if (!found.length) return;
    const after = found.findIndex((image) => image >= state.chosen);
    const exact = after >= 0 && found[after] === state.chosen;
    const from = after < 0 ? found.length : after;
    const next = state.chosen < 0 ? (by > 0 ? 0 : -1) : by > 0 ? from + (exact ? 1 : 0) : from - 1;
    choose(found[(next + found.length) % found.length], true);
  }

  kerastl.detail = { choose, close, step };
}
