"""`python -m core.adapters.imagen_proceso PIXELES LADO CPU MEMORIA`: a picture on the input; on the
output a line of JSON and a JPEG. Imports nothing of ours, for it starts with each picture."""

import io
import json
import resource
import sys

_FORMATOS = ("JPEG", "PNG", "WEBP", "GIF")
_CALIDAD = 85  # print on a package stays legible


def draw_anew(contenido: bytes, *, pixeles: int, lado: int) -> tuple[bytes, int, int]:
    """(JPEG, ancho, alto): upright, opaque, at most `lado` on its longer side, the first picture of
    a moving one. Raises ValueError for more than `pixeles`, and whatever Pillow raises."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(contenido), formats=_FORMATOS) as imagen:
        if imagen.width * imagen.height > pixeles:  # known before anything is decoded
            raise ValueError("too many points")
        imagen.draft("RGB", (lado, lado))  # a large JPEG is decoded small
        picture: Image.Image = ImageOps.exif_transpose(imagen)
        if picture.mode not in ("RGB", "RGBA", "L"):
            picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
        picture.thumbnail((lado, lado))
        if picture.mode == "RGBA":
            paper = Image.new("RGB", picture.size, "white")
            paper.paste(picture, mask=picture.getchannel("A"))
            picture = paper
        picture = picture.convert("RGB")
        picture.info = {}  # a comment would be written along
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=_CALIDAD, optimize=True)
        return out.getvalue(), picture.width, picture.height


def main(argv: list[str]) -> int:
    pixeles, lado, segundos, memoria = map(int, argv)
    resource.setrlimit(resource.RLIMIT_AS, (memoria, memoria))
    resource.setrlimit(resource.RLIMIT_CPU, (segundos, segundos))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        jpeg, ancho, alto = draw_anew(sys.stdin.buffer.read(), pixeles=pixeles, lado=lado)
    except Exception:  # a broken file may raise anything; whatever it is, it is no picture
        return 1
    sys.stdout.buffer.write(json.dumps({"ancho": ancho, "alto": alto}).encode() + b"\n" + jpeg)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
