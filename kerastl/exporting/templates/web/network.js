"use strict";
/*
 * The network, run by ONNX Runtime Web in WebAssembly, on one thread, in this page.
 *
 * The network and the runtime come as scripts that hold compressed bytes as text, since that is the one kind of file
 * that a page may load from a folder as well as from a server. model.js names them.
 */
globalThis.kerastl = globalThis.kerastl ?? {};
{
  /** The page cannot work here; the message says why and what to do, for people. */
  class LoadError extends Error {}

  const home = document.currentScript.src; // files are found beside this one, whichever page it is in
  let arrived = null;

  /** Called by the scripts in `files`. */
  kerastl.part = (text) => {
    arrived = text;
  };

  function runScript(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = new URL(address, home).href;
      script.onload = resolve;
      script.onerror = () => reject(new LoadError(`${address} is missing or broken: copy the whole folder once more`));
      document.head.append(script);
      script.remove();
    });
  }

  function toBytes(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
    return bytes;
  }

  /** Load one of `kerastl.files`; `told` is called after each part. */
  async function file(name, told) {
    const { parts, bytes } = kerastl.files[name];
    const loaded = [];
    for (const part of parts) {
      arrived = null;
      await runScript(`files/${part}`);
      if (arrived === null) throw new LoadError(`files/${part} is broken: copy the whole folder once more`);
      loaded.push(toBytes(arrived));
      arrived = null;
      told();
    }
    const whole = new Blob(loaded).stream().pipeThrough(new DecompressionStream("gzip"));
    const content = new Uint8Array(await new Response(whole).arrayBuffer());
    if (content.length !== bytes) throw new LoadError(`files/${name} is broken: copy the whole folder once more`);
    return content;
  }

  /** Say what this browser lacks, before anything large is loaded. */
  function checkBrowser() {
    if (typeof WebAssembly !== "object") {
      throw new LoadError("This browser has WebAssembly switched off, which runs the model: allow it, or try another.");
    }
    if (typeof DecompressionStream !== "function") {
      throw new LoadError("This browser is too old: Chrome 91, Edge 91, Firefox 113, Safari 16.4 or newer will do.");
    }
  }

  /**
   * Load the network.
   *
   * @param told - Called with the fraction that is loaded, from 0 to 1.
   * @returns What has a method `predict`.
   * @throws {LoadError} It cannot be loaded, or this browser cannot run it.
   */
  async function load(told = () => {}) {
    checkBrowser();
    const names = ["wasm", "glue", "model"];
    const total = names.reduce((sum, name) => sum + kerastl.files[name].parts.length, 0);
    let done = 0;
    const files = {};
    for (const name of names) files[name] = await file(name, () => told(++done / total));
    const glue = URL.createObjectURL(new Blob([files.glue], { type: "text/javascript" }));
    try {
      ort.env.logLevel = "error";
      Object.assign(ort.env.wasm, { numThreads: 1, wasmBinary: files.wasm.buffer, wasmPaths: { mjs: glue } });
      return new Network(await ort.InferenceSession.create(files.model, { executionProviders: ["wasm"] }));
    } catch (error) {
      throw new LoadError(`This browser cannot run the model (${error.message}); a newer one may.`);
    } finally {
      URL.revokeObjectURL(glue);
    }
  }

  class Network {
    constructor(session) {
      this.session = session;
    }

    /**
     * Compute the outputs for one image.
     *
     * @param image - What `kerastl.reading.read` gives: RGB bytes of the network's own size.
     * @returns {Promise<Float32Array>} Probabilities of the classes, or the number.
     */
    async predict({ width, height, data }) {
      const [input, output] = [this.session.inputNames[0], this.session.outputNames[0]];
      const results = await this.session.run({ [input]: new ort.Tensor("uint8", data, [1, height, width, 3]) });
      return results[output].data;
    }
  }

  kerastl.network = { LoadError, load };
}
