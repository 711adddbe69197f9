/* What is found: by words, by classes of the legend, mistakes alone. */
{
  const { data, drawing } = kerastl;
  const { count, isMistake } = data;
  const { state } = drawing;
  const [search, mistakes, status, coloring] = ["search", "mistakes", "status", "coloring"].map((id) => document.getElementById(id));
  const list = document.querySelector("#legend ul");
  const select = coloring.querySelector("select");
  const plain = (text) => text.normalize("NFC").toLowerCase();
  const texts = Array.from({ length: count }, (_, image) =>
    plain([data.paths[image], data.nameIn("label", image), data.nameIn("answer", image)].join("\n")));
  const chosen = new Set(); // classes
  let found = Array.from({ length: count }, (_, image) => image);

  function say(text) {
    status.textContent = text;
  }

  function update() {
    const words = plain(search.value).split(/\s+/).filter(Boolean);
    const only = mistakes.getAttribute("aria-pressed") === "true";
    const codes = data.columnsOf[state.column]?.codes;
    found = [];
    for (let image = 0; image < count; image += 1) {
      const fits = words.every((word) => texts[image].includes(word)) && (!only || isMistake[image])
        && (!chosen.size || chosen.has(codes[image]));
      state.found[image] = fits ? 1 : 0;
      if (fits) found.push(image);
    }
    const wrong = found.reduce((sum, image) => sum + isMistake[image], 0);
    const number = (value) => value.toLocaleString("en-US");
    const what = found.length === count ? `${number(count)} images` : `${number(found.length)} of ${number(count)} images found`;
    say(data.hasMistakes ? `${what}, ${number(wrong)} of them mistakes` : what);
    drawing.redraw();
  }

  /** A small drawing of a class's color and shape. */
  function swatch(color, shape) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 32;
    canvas.style.width = canvas.style.height = "16px";
    const context = canvas.getContext("2d");
    context.fillStyle = color;
    drawing.mark(context, shape, 16, 16, 11);
    return canvas;
  }

  function part(className, text) {
    const made = document.createElement("span");
    made.className = className;
    made.textContent = text;
    made.dir = "auto";
    return made;
  }

  function entry(code, name, size, color, shape) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", "false");
    button.append(swatch(color, shape), part("name", name), part("count", size.toLocaleString("en-US")));
    button.addEventListener("click", () => {
      if (!chosen.delete(code)) chosen.add(code);
      button.setAttribute("aria-pressed", String(chosen.has(code)));
      update();
    });
    const item = document.createElement("li");
    item.append(button);
    return item;
  }

  /** List the classes of the column that colors the map, the largest first. */
  function listClasses() {
    chosen.clear();
    const column = data.columnsOf[state.column];
    if (!column) return;
    const sizes = new Map();
    for (const code of column.codes) sizes.set(code, (sizes.get(code) ?? 0) + 1);
    const order = [...sizes.keys()].sort((a, b) => (a < 0) - (b < 0) || sizes.get(b) - sizes.get(a) || a - b);
    list.replaceChildren(...order.map((code) => code < 0
      ? entry(code, "none", sizes.get(code), drawing.NONE, 0)
      : entry(code, column.names[code], sizes.get(code), data.palette[column.styles[2 * code]], column.styles[2 * code + 1])));
  }

  function start() {
    const columns = Object.keys(data.columnsOf);
    document.getElementById("legend").hidden = document.getElementById("legend-button").hidden = columns.length === 0;
    coloring.hidden = columns.length < 2;
    select.replaceChildren(...columns.map((name) => new Option(name, name)));
    mistakes.hidden = !data.hasMistakes;
    listClasses();
    update();
  }

  function toggleMistakes() {
    if (mistakes.hidden) return;
    mistakes.setAttribute("aria-pressed", String(mistakes.getAttribute("aria-pressed") !== "true"));
    update();
  }

  /** Find everything again. */
  function clear() {
    search.value = "";
    mistakes.setAttribute("aria-pressed", "false");
    listClasses();
    update();
  }

  select.addEventListener("change", () => {
    state.column = select.value;
    listClasses();
    update();
  });
  search.addEventListener("input", update);
  mistakes.addEventListener("click", toggleMistakes);
  kerastl.filter = { start, clear, toggleMistakes, say, found: () => found };
}
