/* Making DOM nodes. Text goes in as text nodes only: no markup that anybody wrote is ever read. */

/** make("p.clase.otra", {id: "x", onclick: f}, "text", node, …) */
export function make(etiqueta, atributos = {}, ...hijos) {
  const [nombre, ...clases] = etiqueta.split(".");
  const nodo = document.createElement(nombre);
  nodo.classList.add(...clases);
  for (const [clave, valor] of Object.entries(atributos)) {
    if (clave.startsWith("on")) nodo.addEventListener(clave.slice(2), valor);
    else if (valor !== undefined) nodo.setAttribute(clave, valor);
  }
  nodo.append(...hijos.filter((hijo) => hijo !== null));
  return nodo;
}

/** One of the drawings of templates/iconos.html. */
export function makeIcono(nombre) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${nombre}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

export const byId = (id) => document.getElementById(id);
