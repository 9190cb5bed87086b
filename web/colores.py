"""The shop's one colour as the page's palette, in light and in dark, readable in both.

Contrast as WCAG 2.2 counts it: whatever the colour, text on it and text in it reach 4.5 to 1.
"""

from dataclasses import dataclass

_Rgb = tuple[float, float, float]
_AA = 4.5
# No colour is too far from both.
_BLANCO, _NEGRO = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class _Modo:
    """`panel` as in chat.css; `lejos` is where a colour goes to stand out from it; `visible` the
    contrast with the panel below which a button would be lost."""

    panel: _Rgb
    lejos: _Rgb
    visible: float
    tenue: float


_CLARO = _Modo(panel=(255, 255, 255), lejos=(0, 0, 0), visible=1.25, tenue=0.12)
_OSCURO = _Modo(panel=(21, 27, 26), lejos=(255, 255, 255), visible=3.0, tenue=0.2)


def make_tema(color: str | None) -> dict[str, dict[str, str]] | None:
    """The custom properties of chat.css for "#rrggbb", as {"claro": {…}, "oscuro": {…}}."""
    if color is None:
        return None
    rgb = _read(color)
    return {"claro": _palette(rgb, _CLARO), "oscuro": _palette(rgb, _OSCURO)}


def contrast(a: str, b: str) -> float:
    return _contrast(_read(a), _read(b))


def _palette(color: _Rgb, modo: _Modo) -> dict[str, str]:
    marca = _reach(color, modo, (modo.panel,), modo.visible)
    sobre = max((_BLANCO, _NEGRO), key=lambda tinta: _contrast(tinta, marca))
    opuesta = _BLANCO if sobre is _NEGRO else _NEGRO
    tenue = _read(_write(_mix(modo.panel, color, modo.tenue)))
    return {
        "--marca": _write(marca),
        "--sobre-marca": _write(sobre),
        "--marca-honda": _write(_mix(marca, opuesta, 0.14)),
        "--marca-tenue": _write(tenue),
        "--marca-fuerte": _write(_reach(color, modo, (modo.panel, tenue), _AA)),
        "--propia": _write(marca),
        "--propia-tinta": _write(sobre),
    }


def _reach(color: _Rgb, modo: _Modo, grounds: tuple[_Rgb, ...], least: float) -> _Rgb:
    """`color`, moved only as far as it needs to stand out from every ground."""
    for step in range(51):
        moved = _read(_write(_mix(color, modo.lejos, step / 50)))
        if all(_contrast(moved, ground) >= least for ground in grounds):
            return moved
    return modo.lejos


def _contrast(a: _Rgb, b: _Rgb) -> float:
    light, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: _Rgb) -> float:
    r, g, b = (
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color
    )
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _mix(a: _Rgb, b: _Rgb, part: float) -> _Rgb:
    r, g, bl = (x + (y - x) * part for x, y in zip(a, b, strict=True))
    return r, g, bl


def _read(color: str) -> _Rgb:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _write(color: _Rgb) -> str:
    return "#" + "".join(f"{round(c):02x}" for c in color)
