"use strict";
/* How an answer looks: a title, and a bar for each class. Names are put in as text, never as HTML. */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  function element(tag, className, text) {
    const made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function bar({ label, score, text, given, threshold }) {
    const item = element("li", given ? "bar given" : "bar");
    const name = element("span", "label", label);
    name.dir = "auto";
    const track = element("span", "track");
    track.ariaHidden = "true"; // the percentage says it
    const fill = element("i", "fill");
    fill.style.width = `${100 * score}%`;
    track.append(fill);
    if (threshold !== undefined) {
      const mark = element("i", "threshold");
      mark.style.left = `${100 * threshold}%`;
      track.append(mark);
      item.title = `given from ${kerastl.answers.percent(threshold)} on`;
    }
    item.append(name, element("span", "score", text), track);
    return item;
  }

  /** The answer of `kerastl.answers.answer` as elements: a paragraph and a list. */
  function draw({ title, given, bars }) {
    const drawn = document.createDocumentFragment();
    const line = element("p", given ? "answer" : "answer nothing", title);
    line.dir = "auto";
    drawn.append(line);
    if (bars.length) {
      const list = element("ol", "bars");
      list.append(...bars.map(bar));
      drawn.append(list);
    }
    return drawn;
  }

  kerastl.bars = { draw, element };
}
