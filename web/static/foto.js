/* A photo as it leaves the phone: at most 2,048 pixels, JPEG, drawn anew and so without the place
 * and the time that the camera wrote into it. */

const LADO_MAX = 2048;
const CALIDAD = 0.85;

/** {blob, ancho, alto}, or null when this browser cannot read the file. */
export async function shrinkFoto(archivo) {
  let imagen;
  try {
    imagen = await createImageBitmap(archivo, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
  const escala = Math.min(1, LADO_MAX / Math.max(imagen.width, imagen.height));
  const ancho = Math.max(1, Math.round(imagen.width * escala));
  const alto = Math.max(1, Math.round(imagen.height * escala));
  const lienzo = document.createElement("canvas");
  lienzo.width = ancho;
  lienzo.height = alto;
  const pincel = lienzo.getContext("2d");
  if (!pincel) return null;
  pincel.fillStyle = "#fff"; // JPEG has no transparency
  pincel.fillRect(0, 0, ancho, alto);
  pincel.drawImage(imagen, 0, 0, ancho, alto);
  imagen.close();
  const blob = await new Promise((resolve) => lienzo.toBlob(resolve, "image/jpeg", CALIDAD));
  return blob && { blob, ancho, alto };
}
