"use strict";
/*
 * From the network's numbers to what they say: the best classes, the labels that reach their thresholds, or a number.
 *
 * An answer is {title, given, bars}: a line that says it, whether there is anything to say, and for each bar
 * {label, score, text, given, threshold}. It is made of texts and numbers only; bars.js draws it.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const BARS = 5;
  // What would move the text around it, or is not seen: class names may hold anything.
  const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

  /** A name for people. */
  function printable(name) {
    return name.replace(UNSEEN, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
  }

  /** A fraction for people: 0.9213 is 92.1 %. */
  function percent(fraction, digits = 1) {
    return `${(100 * fraction).toFixed(digits)}\u00a0%`;
  }

  /** All classes with their scores, best first; of equal scores the first class. */
  function ranked(outputs, labels) {
    const scored = labels.map((label, index) => ({ label: printable(label), score: outputs[index], index }));
    return scored.sort((one, other) => other.score - one.score || one.index - other.index);
  }

  function classes(outputs, model) {
    const best = ranked(outputs, model.labels).slice(0, BARS);
    const bars = best.map(({ label, score }, place) => ({ label, score, text: percent(score), given: place === 0 }));
    return { title: `${bars[0].label} ${bars[0].text}`, given: true, bars };
  }

  /** The labels that reach their thresholds, and below them, for comparison, the most probable of the others. */
  function labels(outputs, model) {
    const all = ranked(outputs, model.labels).map(({ label, score, index }) => {
      const threshold = model.thresholds[index];
      return { label, score, text: percent(score), given: score >= Math.fround(threshold), threshold };
    });
    const given = all.filter((bar) => bar.given);
    const others = all.filter((bar) => !bar.given).slice(0, Math.max(0, BARS - given.length));
    const title = given.map(({ label, text }) => `${label} ${text}`).join(", ") || "none of the labels";
    return { title, given: given.length > 0, bars: [...given, ...others] };
  }

  function number(outputs, { labels: [label], interval }) {
    const name = printable(label);
    const value = outputs[0];
    if (interval === null) return { title: `${name} ${Number(value.toPrecision(4))}`, given: true, bars: [] };
    const half = interval.half_width;
    const decimals = half > 0 ? Math.max(0, Math.min(12, 1 - Math.floor(Math.log10(half)))) : 4;
    const [shown, low, high] = [value, value - half, value + half].map((each) =>
      each.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
    );
    const title = `${name} ${shown} (${low} to ${high} in ${percent(interval.coverage, 0)})`;
    return { title, given: true, bars: [] };
  }

  const TASKS = { classification: classes, ordinal: classes, multilabel: labels, regression: number };

  /**
   * Say what the outputs of the network mean.
   *
   * @param {Float32Array} outputs - Of one image.
   * @param model - `kerastl.model`: {task, labels, thresholds, interval}.
   */
  function answer(outputs, model) {
    if (![...outputs].every(Number.isFinite)) throw new Error("the model's numbers are not finite: it is broken");
    return TASKS[model.task](outputs, model);
  }

  kerastl.answers = { answer, printable, percent, ranked };
}
