"use strict";
/* Images one after the other: a decision each, kept in the browser, saved as tables. Names come as text only. */
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const { entries, classes } = data;
  const OMITTED = "";
  /** Of each image that something was decided of, its class, or OMITTED; by its path. */
  const decided = new Map();
  const byId = Object.fromEntries([...document.querySelectorAll("[id]")].map((element) => [element.id, element]));
  let place = 0;
  let stored = true;

  function element(tag, text = "", className = "") {
    const made = document.createElement(tag);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /** A name that shows what it holds: control characters and marks of direction are written out. */
  function printable(text) {
    return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (letter) =>
      "\u200c\u200d".includes(letter) ? letter : `\\u${letter.codePointAt(0).toString(16).padStart(4, "0")}`);
  }

  function restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(data.key) || "{}");
      for (const entry of entries) {
        if (typeof kept[entry.path] === "string") decided.set(entry.path, kept[entry.path]);
      }
    } catch {
      stored = false;
    }
    const first = entries.findIndex((entry) => !decided.has(entry.path));
    place = Math.max(first, 0);
  }

  function keep() {
    try {
      localStorage.setItem(data.key, JSON.stringify(Object.fromEntries(decided)));
      stored = true;
    } catch {
      stored = false;
    }
  }

  function decide(name) {
    if (!entries.length) return;
    decided.set(entries[place].path, name);
    keep();
    go(following());
  }

  /** The next image that nothing was decided of, else the one behind this. */
  function following() {
    for (let step = 1; step < entries.length; step += 1) {
      const candidate = (place + step) % entries.length;
      if (!decided.has(entries[candidate].path)) return candidate;
    }
    return Math.min(place + 1, entries.length - 1);
  }

  function undo() {
    if (!entries.length) return;
    decided.delete(entries[place].path);
    keep();
    show();
  }

  function go(to) {
    place = Math.min(Math.max(to, 0), entries.length - 1);
    byId.name.value = "";
    show();
  }

  const usual = (entry) => entry.label || entry.suggestion;

  function show() {
    const entry = entries[place];
    byId.progress.max = Math.max(entries.length, 1);
    byId.progress.value = decided.size;
    byId.status.textContent = entries.length
      ? `Image ${place + 1} of ${entries.length}, ${decided.size} decided${data.more ? `, ${data.more} more are not on this page` : ""}`
      : "There is nothing to review.";
    byId.card.hidden = byId.save.hidden = !entries.length;
    byId.storage.textContent = stored
      ? "What you decide is kept in this browser, and the page goes on where you left it."
      : "This browser keeps nothing for this page: save before you close it.";
    if (data.unnamed) byId.storage.textContent += ` ${data.unnamed} images whose names are no text are in no table.`;
    if (!entry) return;
    const choice = decided.get(entry.path);
    byId.image.hidden = !entry.image;
    byId.missing.hidden = Boolean(entry.image);
    if (entry.image) byId.image.src = entry.image;
    byId.image.alt = byId.path.textContent = printable(entry.path);
    byId.reasons.replaceChildren(...entry.reasons.map((reason) => element("li", printable(reason))));
    byId.accepted.textContent = `${entry.label ? "right" : "take"}: ${printable(usual(entry))}`;
    byId.accept.classList.toggle("chosen", choice !== undefined && choice === usual(entry));
    byId.omit.classList.toggle("chosen", choice === OMITTED);
    byId.undo.disabled = choice === undefined;
    byId.back.disabled = place === 0;
    byId.next.disabled = place === entries.length - 1;
    byId.choices.replaceChildren(...offered(entry, choice).map(button));
    [...byId.list.children].forEach((item, number) => {
      const thumb = item.firstChild;
      thumb.classList.toggle("done", decided.has(entries[number].path));
      if (number === place) thumb.setAttribute("aria-current", "true");
      else thumb.removeAttribute("aria-current");
    });

    function button([name, score], number) {
      const made = element("button");
      made.type = "button";
      made.append(element("kbd", String(number + 1)), printable(name), element("small", score ? ` ${score}` : ""));
      made.classList.toggle("label", name === entry.label);
      made.classList.toggle("suggestion", name === entry.suggestion);
      made.classList.toggle("chosen", name === choice);
      made.addEventListener("click", () => decide(name));
      return made;
    }
  }

  /** What the keys stand for; a class that was typed is shown in the last place. */
  function offered(entry, choice) {
    if (!choice || entry.choices.some(([name]) => name === choice)) return entry.choices;
    return [...entry.choices.slice(0, 8), [choice, ""]];
  }

  const cell = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const file = (path) => (path.startsWith("/") || /^[a-z]+:\/\//i.test(path) ? path : `${data.root}/${path}`);
  const table = (rows) => ["path,label", ...rows.map(([path, name]) => `${cell(file(path))},${cell(name)}`), ""].join("\n");

  function corrections() {
    const changed = entries.filter((entry) => decided.get(entry.path) && decided.get(entry.path) !== entry.label);
    return table(changed.map((entry) => [entry.path, decided.get(entry.path)]));
  }

  function everyLabel() {
    const rows = data.labels.map(([path, number]) => [path, decided.get(path) ?? classes[number]]);
    const fresh = entries.filter((entry) => !entry.label).map((entry) => [entry.path, decided.get(entry.path)]);
    return table([...rows, ...fresh].filter(([, name]) => name));
  }

  function save(name, text) {
    const link = element("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  const actions = {
    accept: () => decide(usual(entries[place])),
    omit: () => decide(OMITTED),
    undo,
    back: () => go(place - 1),
    next: () => go(place + 1),
    corrections: () => save("corrections.csv", corrections()),
    labels: () => save("labels.csv", everyLabel()),
  };
  const keys = {
    Enter: "accept", 0: "omit", u: "undo", Backspace: "undo", ArrowLeft: "back", ArrowRight: "next", s: "corrections", a: "labels",
  };

  function pressed(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !entries.length) return;
    if (event.target === byId.name) {
      if (event.key === "Escape") byId.name.blur();
      return;
    }
    // A button that has the focus is pressed by Enter itself.
    if (event.key === "Enter" && event.target instanceof HTMLButtonElement) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const offer = /^[1-9]$/.test(key) ? offered(entries[place], decided.get(entries[place].path))[key - 1] : undefined;
    if (offer) decide(offer[0]);
    else if (key === "/") byId.name.focus();
    else if (keys[key] && !byId[keys[key]].disabled) actions[keys[key]]();
    else return;
    event.preventDefault();
  }

  for (const [name, action] of Object.entries(actions)) {
    byId[name].addEventListener("click", () => {
      action();
      byId[name].blur(); // so that Enter accepts the next image
    });
  }
  byId.other.addEventListener("submit", (event) => {
    event.preventDefault();
    const name = byId.name.value.trim();
    if (!name || !entries.length) return;
    byId.name.blur();
    decide(name);
  });
  document.addEventListener("keydown", pressed);
  byId.labels.hidden = !data.labels.length;
  byId.classes.replaceChildren(...classes.map((name) => {
    const option = element("option");
    option.value = name;
    return option;
  }));
  byId.list.replaceChildren(...entries.map((entry, number) => {
    const item = element("li");
    const thumb = element("button");
    thumb.type = "button";
    thumb.setAttribute("aria-label", `Image ${number + 1}: ${printable(entry.path)}`);
    if (entry.image) {
      const image = element("img");
      image.src = entry.image;
      image.alt = "";
      image.loading = "lazy";
      thumb.append(image);
    }
    thumb.addEventListener("click", () => {
      go(number);
      thumb.blur();
      scrollTo({ top: 0 });
    });
    item.append(thumb);
    return item;
  }));
  restore();
  show();
}
