"use strict";
/* From the server's answer to what bars.js draws: {title, given, bars}. */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const { percent, printable } = kerastl.answers;

  function number({ name, value, low, high, coverage }) {
    const shown = (each) => Number(each.toPrecision(4)).toLocaleString("en-US");
    const interval = low === null ? "" : ` (${shown(low)} to ${shown(high)} in ${percent(coverage, 0)})`;
    return { title: `${printable(name)} ${shown(value)}${interval}`, given: true, bars: [] };
  }

  function classes(result, several) {
    const bars = result.predictions.map(({ label, score }, place) => ({
      label: printable(label),
      score,
      text: percent(score),
      given: !result.rejected && (several || place === 0),
    }));
    if (result.rejected) return { title: "None of these", given: false, bars };
    if (bars.length === 0) return { title: "None of the labels", given: false, bars };
    const named = several ? bars : bars.slice(0, 1);
    return { title: named.map(({ label, text }) => `${label} ${text}`).join(", "), given: true, bars };
  }

  /** What a result says; `task` is the model's. */
  function said(result, task) {
    return "value" in result ? number(result) : classes(result, task === "multilabel");
  }

  kerastl.saying = { said };
}
