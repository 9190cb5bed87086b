/* The shop's colours, before the first paint: a policy against inline styles allows the CSSOM. */
(() => {
  const raiz = document.documentElement;
  const tema = JSON.parse(raiz.dataset.tema || "null");
  if (!tema) return;
  const oscuro = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const colores = oscuro.matches ? tema.oscuro : tema.claro;
    for (const [nombre, valor] of Object.entries(colores)) raiz.style.setProperty(nombre, valor);
  };
  oscuro.addEventListener("change", apply);
  apply();
})();
