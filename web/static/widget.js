/* A shop's chat on any page: a button, and behind it the chat in a frame of ours.
 *
 * <script src="https://…/widget.js" data-canal="CLAVE" async></script>
 *
 * Styles are constructed and set through the CSSOM, so that the page's CSP needs script-src and
 * frame-src for our origin and nothing else; inside a shadow root the page's own styles end.
 * One global, AgenteVendedor: {abrir(), cerrar()}. */
(() => {
  const tag = document.currentScript ?? document.querySelector("script[data-canal]");
  const { canal } = tag.dataset;
  if (!canal || window.AgenteVendedor) return;
  const { origin } = new URL(tag.src);
  const base = `${origin}/widget/${encodeURIComponent(canal)}`;
  const clave = `agente.${canal}`; // set here while there is a conversation to be told of

  const estilo = ({ color, tinta, lado }) => `
    button, section { position: fixed; z-index: 2147483646; box-sizing: border-box; }
    button { all: unset; position: fixed; z-index: 2147483646; display: grid; place-items: center;
      width: 60px; height: 60px; border-radius: 50%; background: ${color}; color: ${tinta};
      bottom: calc(20px + env(safe-area-inset-bottom));
      ${lado}: calc(20px + env(safe-area-inset-${lado})); cursor: pointer; touch-action: manipulation;
      border: 1px solid rgb(255 255 255 / .35); box-sizing: border-box; user-select: none;
      box-shadow: 0 6px 24px rgb(0 0 0 / .28); transition: transform .15s; }
    button:hover { transform: scale(1.05); }
    button:focus-visible { outline: 3px solid ${color}; outline-offset: 3px;
      box-shadow: 0 0 0 3px #fff, 0 0 0 7px #000; }
    svg { width: 31px; height: 31px; fill: none; stroke: currentColor; stroke-width: 1.9;
      stroke-linecap: round; stroke-linejoin: round; }
    b { position: absolute; top: -4px; right: -4px; min-width: 22px; height: 22px; padding: 0 6px;
      border-radius: 11px; box-sizing: border-box; background: #b42318; color: #fff;
      font: 700 12px/22px system-ui, sans-serif; text-align: center; box-shadow: 0 0 0 2px #fff; }
    section { bottom: calc(92px + env(safe-area-inset-bottom));
      ${lado}: calc(20px + env(safe-area-inset-${lado}));
      width: min(400px, calc(100vw - 40px)); height: min(680px, calc(100vh - 112px));
      border-radius: 18px; overflow: hidden; color-scheme: light dark; background: Canvas;
      box-shadow: 0 12px 48px rgb(0 0 0 / .3), 0 0 0 1px rgb(128 128 128 / .25);
      animation: abre .18s ease-out; }
    @keyframes abre { from { opacity: 0; transform: translateY(12px); } }
    iframe { display: block; width: 100%; height: 100%; border: 0; }
    [hidden] { display: none; }
    @media (max-width: 480px), (max-height: 480px) {
      section { inset: 0; width: 100%; height: 100%; height: 100dvh; border-radius: 0;
        box-shadow: none; }
      .cubierto { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important;
      transition: none !important; } }
    @media print { button, section { display: none; } }
    @media (forced-colors: active) { button { border: 2px solid ButtonText; } }`;

  const abrirPath = "M12 4c-5 0-9 3.3-9 7.4 0 2.3 1.3 4.4 3.3 5.7l-.8 3.4 3.9-1.9c.8.2 1.7.2 2.6.2 5 0 9-3.3 9-7.4S17 4 12 4Z";
  const cerrarPath = "m6 9 6 6 6-6";

  function start({ default: looks }) {
    const { textos } = looks;
    const raiz = document.createElement("div");
    // The page may say anything about every div, even with !important: this is said louder.
    raiz.style.setProperty("all", "initial", "important");
    raiz.style.setProperty("display", "block", "important");
    const sombra = raiz.attachShadow({ mode: "open" });
    const hoja = new CSSStyleSheet();
    hoja.replaceSync(estilo(looks));
    sombra.adoptedStyleSheets = [hoja];

    const make = (nombre, atributos, ...hijos) => {
      const nodo = document.createElement(nombre);
      for (const [k, v] of Object.entries(atributos)) nodo.setAttribute(k, v);
      nodo.append(...hijos);
      return nodo;
    };
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const trazo = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    svg.append(trazo);
    const globo = make("b", { "aria-hidden": "true", hidden: "" });
    const boton = make(
      "button",
      { type: "button", "aria-haspopup": "dialog", "aria-controls": "panel" },
      svg,
      globo,
    );
    const panel = make("section", { id: "panel", role: "dialog", "aria-label": textos.marco, hidden: "" });
    sombra.append(panel, boton);
    // Beside the body, where no transform of the page's can move what is fixed.
    document.documentElement.append(raiz);

    let marco = null;
    let abierto = false;
    let lista = false; // the chat in the frame has answered, and can close itself
    let sinLeer = 0;
    let antes = null; // what had the focus

    const tell = (tipo, valor) =>
      marco?.contentWindow?.postMessage({ agente: canal, tipo, valor }, origin);

    function load() {
      if (marco) return;
      marco = make("iframe", {
        title: textos.marco,
        // Its own origin (storage, requests), its scripts, and forms that scripts answer.
        sandbox: "allow-scripts allow-same-origin allow-forms",
        allow: `microphone ${origin}`,
      });
      marco.addEventListener("load", () => {
        if (abierto) marco.focus();
        tell("hola", abierto);
      });
      marco.src = base;
      panel.append(marco);
    }

    function show() {
      const texto = abierto ? textos.cerrar : textos.abrir;
      const nuevos = sinLeer ? textos.sin_leer.replace("{n}", sinLeer) : "";
      boton.setAttribute("aria-expanded", String(abierto));
      boton.setAttribute("aria-label", nuevos && !abierto ? `${texto}, ${nuevos}` : texto);
      boton.className = abierto && lista ? "cubierto" : "";
      globo.textContent = sinLeer > 9 ? "9+" : sinLeer;
      globo.hidden = abierto || !sinLeer;
      panel.hidden = !abierto;
      trazo.setAttribute("d", abierto ? cerrarPath : abrirPath);
    }

    function abrir() {
      if (abierto) return;
      antes = document.activeElement === raiz ? boton : document.activeElement;
      abierto = true;
      load();
      show();
      fit();
      marco.focus();
      tell("abierto", true);
    }

    function cerrar() {
      if (!abierto) return;
      abierto = false;
      show();
      tell("abierto", false);
      (antes && antes !== document.body && antes.isConnected ? antes : boton).focus();
    }

    /** Above the keyboard of a phone, which covers the page instead of shrinking it. */
    function fit() {
      const vista = window.visualViewport;
      const llena = abierto && vista && vista.scale === 1 && panel.offsetWidth >= innerWidth;
      panel.style.height = llena ? `${vista.height}px` : "";
      panel.style.top = llena ? `${vista.offsetTop}px` : "";
    }

    function keep(hay) {
      try {
        if (hay) localStorage.setItem(clave, "1");
        else localStorage.removeItem(clave);
      } catch {
        return; // without storage the frame waits for the first opening
      }
    }

    function kept() {
      try {
        return localStorage.getItem(clave) !== null;
      } catch {
        return false;
      }
    }

    addEventListener("message", ({ origin: suyo, source, data }) => {
      if (suyo !== origin || !marco || source !== marco.contentWindow) return;
      if (data?.agente !== canal) return;
      if (data.tipo === "lista") lista = true;
      if (data.tipo === "sin_leer") sinLeer = Number(data.valor) || 0;
      if (data.tipo === "charla") keep(data.valor === true);
      show();
      if (data.tipo === "cerrar") cerrar();
    });
    boton.addEventListener("click", () => (abierto ? cerrar() : abrir()));
    raiz.addEventListener("keydown", ({ key }) => {
      if (key === "Escape") cerrar();
    });
    window.visualViewport?.addEventListener("resize", fit);
    window.visualViewport?.addEventListener("scroll", fit);

    Object.assign(window.AgenteVendedor, { abrir, cerrar });
    show();
    // Who has a conversation is told of its news without opening it.
    if (kept()) (window.requestIdleCallback ?? setTimeout)(load);
  }

  window.AgenteVendedor = { abrir() {}, cerrar() {} };
  // Refused where the shop has not named this site: then there is no button that opens nothing.
  import(`${base}/boton.js`).then(start, () => {
    console.warn("Agente Vendedor: el canal no existe o este sitio no está entre sus orígenes.");
  });
})();
