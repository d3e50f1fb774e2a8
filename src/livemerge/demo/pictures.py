"""Product id → a picture of it, drawn. The demo's mails show pictures without fetching anything from outside."""

from __future__ import annotations

import zlib
from typing import Final

# Ground, line and drawing of each category, in the order of the shop's categories.
_LOOKS: Final = (
    ("#f3e3d3", "#b5651d", "M60 120h120v20a40 40 0 0 1-40 40h-40a40 40 0 0 1-40-40zM180 126h18a14 14 0 0 1 0 34h-20"),
    (
        "#e0ecd9",
        "#4f7942",
        "M120 190V100M120 120c-40 0-52-24-52-50 36 0 52 20 52 50zM120 150c34 0 48-20 50-44-32 0-50 16-50 44z",
    ),
    ("#e8e2f1", "#6a5a8c", "M90 70h60l22 56H68zM120 126v56M88 184h64"),
    (
        "#efe6dc",
        "#6f4e37",
        "M70 100h84v44a36 36 0 0 1-36 36h-12a36 36 0 0 1-36-36zM154 112h12a16 16 0 0 1 0 36h-14"
        "M92 84c0-12 12-12 12-26M122 84c0-12 12-12 12-26",
    ),
    ("#dcebf0", "#33728a", "M70 90h100v90H70zM70 116h100M88 90V70h64v20"),
    ("#f2ead0", "#8a6d1f", "M84 62h72v120H84zM100 86h40M100 108h40M100 130h26"),
    ("#dfe7e4", "#2f5d50", "M120 60l66 120H54zM120 110l34 70M120 110l-34 70"),
    (
        "#fbe3e4",
        "#b5495b",
        "M76 112a44 44 0 0 1 88 0 44 44 0 0 1-88 0zM86 82l-14-20M154 82l14-20M104 108v4M136 108v4"
        "M106 128q14 12 28 0M96 156l-10 26M144 156l10 26",
    ),
)


def picture(product_id: str) -> str:
    """An SVG of 240 × 240; every id has one, its own in the tilt and the dots."""
    seed = zlib.crc32(product_id.encode())
    ground, line, drawing = _LOOKS[_category(product_id, seed)]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 240">'
        f'<rect width="240" height="240" fill="{ground}"/><g fill="{line}" opacity=".16">{_dots(seed)}</g>'
        f'<path d="{drawing}" fill="none" stroke="{line}" stroke-width="7" stroke-linecap="round" '
        f'stroke-linejoin="round" transform="rotate({seed % 13 - 6} 120 120)"/></svg>'
    )


def _dots(seed: int) -> str:
    places = [((seed >> shift) % 220 + 10, (seed >> shift + 5) % 220 + 10, 3 + shift % 5) for shift in range(0, 24, 3)]
    return "".join(f'<circle cx="{x}" cy="{y}" r="{radius}"/>' for x, y, radius in places)


def _category(product_id: str, seed: int) -> int:
    """The category's place in the shop: of `p-304` it is 2."""
    digit = product_id[2:3]
    number = int(digit) if digit.isascii() and digit.isdigit() else seed
    return (number - 1) % len(_LOOKS)
