"use strict";
/* The page: which models answer, and images that come in by dropping, pasting, choosing and photographing. */
{
  const { element } = kerastl.bars;
  const { printable } = kerastl.answers;
  const TOGETHER = 4; // requests at once
  const [status, results, clear, keyForm, keyField, modelList] = [
    "status", "results", "clear", "key", "key-field", "models",
  ].map((id) => document.getElementById(id));
  const queue = [];
  let models = [];
  let collects = false;
  let running = 0;

  /** Say something to everybody: what is read out, and what stands below the buttons. */
  function say(text) {
    status.classList.remove("error");
    status.textContent = text;
  }

  function complain(text) {
    status.textContent = text;
    status.classList.add("error");
  }

  async function start() {
    let found;
    try {
      found = await kerastl.server.models();
    } catch (error) {
      keyForm.hidden = error.status !== 401;
      complain(error.message);
      if (!keyForm.hidden) keyField.focus();
      return;
    }
    keyForm.hidden = true;
    models = found.models;
    collects = found.collects;
    document.getElementById("collects").hidden = !collects;
    listModels();
    say(models.length > 1 ? `${models.length} models are ready.` : `${printable(models[0].name)} is ready.`);
    work();
  }

  function listModels() {
    modelList.hidden = models.length < 2;
    modelList.querySelectorAll("label").forEach((label) => label.remove());
    models.forEach((model, index) => {
      const label = element("label", "");
      const box = element("input", "");
      Object.assign(box, { type: "checkbox", checked: index === 0, value: String(index) });
      const name = element("span", "", printable(model.name));
      name.dir = "auto";
      label.append(box, name);
      modelList.append(label);
    });
  }

  /** The models that are ticked; the first if none is. */
  function chosen() {
    const ticked = [...modelList.querySelectorAll("input:checked")].map((box) => models[Number(box.value)]);
    return ticked.length ? ticked : models.slice(0, 1);
  }

  function add(files) {
    if (models.length === 0) {
      complain("There is no model yet: images can be answered when the server is ready.");
      return;
    }
    const asked = chosen();
    const cards = [...files].map((file) => ({ file, models: asked, ...kerastl.cards.card(file, asked) }));
    results.prepend(...cards.map(({ made }) => made));
    clear.hidden = results.childElementCount === 0;
    for (const card of cards) card.models.forEach((model, place) => queue.push({ ...card, model, body: card.bodies[place] }));
    work();
  }

  /** Answer what waits, some requests at a time. */
  function work() {
    while (running < TOGETHER && queue.length) {
      const next = queue.shift();
      if (!next.made.isConnected) continue;
      running += 1;
      answer(next).finally(() => {
        running -= 1;
        work();
      });
    }
  }

  async function answer({ file, model, body, name, picture }) {
    body.replaceChildren(element("p", "waiting", "Looking"));
    const spoken = models.length > 1 ? `${name}, ${printable(model.name)}` : name;
    try {
      const result = await kerastl.server.classify(file, model);
      kerastl.cards.show(body, file, model, result, { collects, say });
      say(`${spoken}: ${kerastl.saying.said(result, model.task).title}`);
    } catch (error) {
      if (error.status === 422) picture.remove(); // it is no image
      kerastl.cards.fail(body, error.message);
      if (error.status === 401) keyForm.hidden = false;
      say(`${spoken}: ${error.message}`);
    }
  }

  keyForm.addEventListener("submit", (event) => {
    event.preventDefault();
    kerastl.server.keep(keyField.value.trim());
    keyField.value = "";
    start();
  });
  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      add(input.files);
      input.value = ""; // so that the same file may be chosen again
    });
  }
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) add(event.clipboardData.files);
  });
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
    queue.length = 0;
    results.replaceChildren();
    clear.hidden = true;
    say("All images are removed.");
    document.getElementById("choose").focus();
  });

  start();
}
