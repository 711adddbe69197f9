"use strict";
/* The page: images come in by dropping, pasting, choosing and photographing, and are answered one after the other. */
{
  const { element } = kerastl.bars;
  const [status, progress, results, clear] = ["status", "progress", "results", "clear"].map((id) =>
    document.getElementById(id),
  );
  const queue = [];
  let network = null;
  let busy = false;

  /** Say something to everybody: what is read out, and what stands below the buttons. */
  function say(text) {
    status.textContent = text;
  }

  /** Let the browser show what has changed before the next long computation. */
  function shown() {
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  }

  async function start() {
    if (!kerastl.reading.pixelsAreTrue()) {
      throw new kerastl.network.LoadError(
        "This browser hides pixels from pages, as some do against tracking: allow this page to read canvas data.",
      );
    }
    say("Loading the model");
    network = await kerastl.network.load((fraction) => {
      progress.value = fraction;
      say(`Loading the model: ${Math.round(100 * fraction)}\u00a0%`);
    });
    progress.hidden = true;
    say("The model is ready.");
    await work();
  }

  function failed(error) {
    progress.hidden = true;
    status.classList.add("error");
    const known = error instanceof kerastl.network.LoadError;
    say(known ? error.message : `This page does not work here (${error.message}).`);
  }

  /** Make a card for an image. */
  function card(file) {
    const made = element("li", "card");
    const picture = element("img", "picture");
    picture.alt = "";
    picture.src = URL.createObjectURL(file);
    picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
    const text = element("div", "text");
    const name = element("h2", "name", kerastl.answers.printable(file.name || "image"));
    name.dir = "auto";
    const body = element("div", "body");
    body.append(element("p", "waiting", network ? "Waiting" : "Waiting for the model"));
    text.append(name, body);
    made.append(picture, text);
    return { made, name: name.textContent, body, picture };
  }

  function add(files) {
    const cards = [...files].map((file) => ({ file, ...card(file) }));
    results.prepend(...cards.map(({ made }) => made));
    clear.hidden = results.childElementCount === 0;
    queue.push(...cards);
    if (network) work();
  }

  /** Answer the images of the queue. */
  async function work() {
    if (busy) return;
    busy = true;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.made.isConnected) await answer(next);
    }
    busy = false;
  }

  async function answer({ file, made, name, body, picture }) {
    body.replaceChildren(element("p", "waiting", "Looking"));
    await shown();
    try {
      const image = await kerastl.reading.read(file, kerastl.model.input);
      const outputs = await network.predict(image);
      const answered = kerastl.answers.answer(outputs, kerastl.model);
      body.replaceChildren(kerastl.bars.draw(answered));
      say(`${name}: ${answered.title}`);
    } catch (error) {
      picture.remove();
      const reason = error instanceof kerastl.reading.ImageError ? error.message : `cannot be answered (${error.message})`;
      body.replaceChildren(element("p", "error", reason));
      say(`${name}: ${reason}`);
    }
  }

  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      add(input.files);
      input.value = ""; // so that the same file may be chosen again
    });
  }
  document.addEventListener("paste", (event) => add(event.clipboardData.files));
  for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault(); // else the browser would open the image in place of the page
      document.body.classList.toggle("dragging", name === "dragenter" || name === "dragover");
    });
  }
  document.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length) add(event.dataTransfer.files);
    else say("Only image files can be dropped here; save the image first.");
  });
  clear.addEventListener("click", () => {
    results.replaceChildren();
    clear.hidden = true;
    say("All images are removed.");
    document.getElementById("choose").focus();
  });

  start().catch(failed);
}
