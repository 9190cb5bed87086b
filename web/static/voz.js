/* One voice note: the microphone is open from start() to its end, and not a moment longer. */

export const VOZ_MAX_S = 300;
const TIPOS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const BITS = 32_000; // a voice needs no more: five minutes are 1.2 MB

export const canRecord = () =>
  Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

export class Grabadora {
  #grabador = null;
  #flujo = null;
  #trozos = [];
  #desde = 0;
  #viva = true;
  #fin = null; // resolves once the recorder has given its last piece

  /** Asks for leave where there is none yet. Rejects with the browser's own DOMException. */
  async start() {
    this.#flujo = await navigator.mediaDevices.getUserMedia({ audio: true });
    if (!this.#viva) {
      this.#release();
      return;
    }
    const mimeType = TIPOS.find((tipo) => MediaRecorder.isTypeSupported(tipo));
    this.#grabador = new MediaRecorder(this.#flujo, { mimeType, audioBitsPerSecond: BITS });
    this.#grabador.addEventListener("dataavailable", ({ data }) => this.#trozos.push(data));
    this.#fin = new Promise((resolve) => {
      this.#grabador.addEventListener("stop", resolve, { once: true });
    });
    this.#grabador.start(1000); // by the second, so that a death of the recorder loses little
    this.#desde = performance.now();
  }

  get segundos() {
    return this.#desde ? (performance.now() - this.#desde) / 1000 : 0;
  }

  /** {blob, segundos}, or null when nothing was recorded. */
  async stop() {
    const { segundos } = this;
    this.#viva = false; // leave that comes only now comes too late
    if (this.#grabador && this.#grabador.state !== "inactive") this.#grabador.stop();
    await this.#fin;
    this.#release();
    const type = (this.#grabador?.mimeType || "audio/webm").split(";")[0];
    const blob = new Blob(this.#trozos, { type });
    return blob.size ? { blob, segundos } : null;
  }

  cancel() {
    this.#viva = false;
    if (this.#grabador && this.#grabador.state !== "inactive") this.#grabador.stop();
    this.#release();
  }

  #release() {
    for (const pista of this.#flujo?.getTracks() ?? []) pista.stop();
  }
}
