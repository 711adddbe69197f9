"use strict";
/* A card for an image: what each model answers, what speaks for it, and a way to say that it is wrong. */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const { element, draw } = kerastl.bars;
  const { printable } = kerastl.answers;
  const METHOD = "gradcam";
  let numbered = 0;

  function button(text, action) {
    const made = element("button", "", text);
    made.type = "button";
    made.addEventListener("click", () => action(made));
    return made;
  }

  /** Make a card for a file; `models` are those that answer. */
  function card(file, models) {
    const made = element("li", "card");
    const picture = element("img", "picture");
    picture.alt = "";
    picture.src = URL.createObjectURL(file);
    picture.onload = picture.onerror = () => URL.revokeObjectURL(picture.src);
    const text = element("div", "text");
    const name = element("h2", "name", printable(file.name || "image"));
    name.dir = "auto";
    const columns = element("div", "models");
    const bodies = models.map((model) => {
      const column = element("div", "model");
      if (models.length > 1) {
        const heading = element("h3", "model-name", printable(model.name));
        heading.dir = "auto";
        column.append(heading);
      }
      const body = element("div", "body");
      body.append(element("p", "waiting", "Waiting"));
      column.append(body);
      columns.append(column);
      return body;
    });
    text.append(name, columns);
    made.append(picture, text);
    return { made, name: name.textContent, bodies, picture };
  }

  /** Show an answer, and what can be done with it. `say` tells everybody of what follows. */
  function show(body, file, model, result, { collects, say }) {
    const drawn = draw(kerastl.saying.said(result, model.task));
    const actions = element("p", "actions");
    if (model.explains && result.predictions?.length) {
      actions.append(button("What speaks for it?", (pressed) => explain(body, file, model, pressed, say)));
    }
    if (collects && (model.task === "classification" || model.task === "ordinal")) {
      actions.append(button("This is wrong", (pressed) => correct(body, file, model, pressed, say)));
    }
    body.replaceChildren(drawn);
    if (actions.childElementCount) body.append(actions);
  }

  function fail(body, message) {
    body.replaceChildren(element("p", "error", message));
  }

  /** Say what went wrong where it was asked for, since the place for everybody may be out of sight. */
  function complain(place, message, say) {
    place.querySelectorAll(":scope > .error").forEach((earlier) => earlier.remove());
    place.append(element("p", "error", message));
    say(message);
  }

  async function explain(body, file, model, pressed, say) {
    pressed.disabled = true;
    say("Looking for what speaks for it");
    try {
      const { explanation } = await kerastl.server.classify(file, model, METHOD);
      const figure = element("figure", "explanation");
      const image = element("img", "");
      image.src = `data:image/png;base64,${explanation.png}`;
      image.alt = `Warm colors mark what speaks for ${printable(explanation.label)}`;
      figure.append(image, element("figcaption", "", image.alt));
      body.append(figure);
      body.querySelectorAll(":scope > .error").forEach((earlier) => earlier.remove());
      pressed.remove();
      say(image.alt);
    } catch (error) {
      pressed.disabled = false;
      complain(body, error.message, say);
    }
  }

  /** A form that asks what the image shows. */
  function correct(body, file, model, pressed, say) {
    const form = element("form", "correction");
    const field = element("input", "");
    const label = element("label", "", "It is");
    const known = element("datalist", "");
    const store = element("button", "", "Store");
    numbered += 1;
    Object.assign(field, { type: "text", id: `label-${numbered}`, required: true, maxLength: 200, autocomplete: "off" });
    known.id = `known-${numbered}`;
    field.setAttribute("list", known.id);
    label.htmlFor = field.id;
    known.append(...model.labels.map((name) => Object.assign(document.createElement("option"), { value: name })));
    form.append(label, field, store, known);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      store.disabled = true;
      try {
        const stored = await kerastl.server.correct(file, model, field.value.trim());
        const word = stored.known ? "" : ", a class that this model does not know";
        const note = `Stored as ${printable(stored.label)}${word}.`;
        form.replaceWith(element("p", "note", note));
        say(note);
      } catch (error) {
        store.disabled = false;
        complain(form, error.message, say);
      }
    });
    pressed.remove();
    body.append(form);
    field.focus();
  }

  kerastl.cards = { card, show, fail };
}
