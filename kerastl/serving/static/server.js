"use strict";
/* What the page asks the server. An API key stays in this tab, and is gone with it. */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  const KEY = "kerastl-api-key";
  // Answers of a full server: asked again so many times, after what it says.
  const TRIES = 5;

  /** The server refused or failed; `status` is 0 where it could not be reached. */
  class ServerError extends Error {
    constructor(message, status) {
      super(message);
      this.status = status;
    }
  }

  function keep(key) {
    sessionStorage.setItem(KEY, key);
  }

  function pause(seconds) {
    return new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }

  async function ask(path, options = {}, tries = TRIES) {
    const key = sessionStorage.getItem(KEY);
    const headers = key ? { Authorization: `Bearer ${key}` } : {};
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch {
      throw new ServerError("the server cannot be reached", 0);
    }
    if ((response.status === 429 || response.status === 503) && tries > 1) {
      await pause(Number(response.headers.get("Retry-After")) || 1);
      return ask(path, options, tries - 1);
    }
    const content = await response.json().catch(() => ({}));
    if (!response.ok) throw new ServerError(content.error ?? `the server answers ${response.status}`, response.status);
    return content;
  }

  function models() {
    return ask("/v1/models");
  }

  /** One image's answer by a model; with `explain`, what speaks for its best class as a `data:` URL. */
  async function classify(file, model, explain) {
    const form = new FormData();
    form.append("image", file);
    const query = new URLSearchParams({ model: model.name });
    if (model.rejects && !explain) query.set("reject", "true");
    if (explain) query.set("explain", explain);
    const content = await ask(`/v1/classify?${query}`, { method: "POST", body: form });
    return content.results[0];
  }

  function correct(file, model, label) {
    const form = new FormData();
    form.append("image", file);
    form.append("label", label);
    form.append("model", model.name);
    return ask("/v1/feedback", { method: "POST", body: form });
  }

  kerastl.server = { ServerError, keep, models, classify, correct };
}
