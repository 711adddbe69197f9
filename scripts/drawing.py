"""A canvas for `draw_samples.py`: everything is drawn four times larger and scaled down, which smooths the edges."""

from __future__ import annotations

from collections.abc import Iterable

from PIL import Image, ImageDraw, ImageFilter

SCALE = 4
SIDE = 256

Color = tuple[int, int, int]
Point = tuple[float, float]


class Drawing:
    """A canvas that measures in pixels of the finished image, which it smooths.

    Args:
        top: Where the background begins.
        bottom: Where it ends.
        side: Width and height.
        angle: Which way the background runs, in degrees.
    """

    def __init__(self, top: Color, bottom: Color, side: int = SIDE, angle: float = 0.0) -> None:
        self.side = side
        size = (side * SCALE, side * SCALE)
        # The middle only: the corners are empty once turned.
        mask = Image.linear_gradient("L").rotate(angle, Image.Resampling.BICUBIC).crop((38, 38, 218, 218)).resize(size)
        self.image = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), mask)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """What draws on the canvas, in its own pixels."""
        return ImageDraw.Draw(self.image)

    def polygon(self, points: Iterable[Point], fill: Color) -> None:
        """Fill the area inside `points`."""
        self.pen.polygon(_scaled(points), fill=fill)

    def line(self, points: Iterable[Point], fill: Color, width: float) -> None:
        """Join `points`."""
        self.pen.line(_scaled(points), fill=fill, width=round(width * SCALE), joint="curve")

    def rectangle(self, left: float, top: float, right: float, bottom: float, fill: Color, radius: float = 0) -> None:
        """Fill a rectangle, its corners rounded."""
        box = _scaled([(left, top), (right, bottom)])
        self.pen.rounded_rectangle(box, radius * SCALE, fill=fill)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Color) -> None:
        """Fill an ellipse around (x, y)."""
        self.pen.ellipse(_scaled([(x - rx, y - ry), (x + rx, y + ry)]), fill=fill)

    def arc(self, x: float, y: float, radius: float, start: int, end: int, fill: Color, width: float) -> None:
        """Draw part of a circle, clockwise from `start` to `end` degrees."""
        box = _scaled([(x - radius, y - radius), (x + radius, y + radius)])
        self.pen.arc(box, start, end, fill=fill, width=round(width * SCALE))

    def ball(self, x: float, y: float, rx: float, ry: float, light: Color, dark: Color) -> None:
        """An ellipse lit from the upper left."""
        width, height = round(2 * rx * SCALE), round(2 * ry * SCALE)
        shade = Image.radial_gradient("L").resize((2 * width, 2 * height))
        shade = shade.crop(_lit(width, height))
        mask = Image.new("L", (width, height))
        ImageDraw.Draw(mask).ellipse((0, 0, width - 1, height - 1), fill=255)
        lit = Image.composite(Image.new("RGB", mask.size, dark), Image.new("RGB", mask.size, light), shade)
        self.image.paste(lit, (round((x - rx) * SCALE), round((y - ry) * SCALE)), mask)

    def glow(self, x: float, y: float, rx: float, ry: float, color: Color, blur: float, strength: int) -> None:
        """A blurred ellipse: a shadow or a shine."""
        mask = Image.new("L", self.image.size)
        box = _scaled([(x - rx, y - ry), (x + rx, y + ry)])
        ImageDraw.Draw(mask).ellipse(box, fill=strength)
        self.image.paste(color, (0, 0), mask.filter(ImageFilter.GaussianBlur(blur * SCALE)))

    def finished(self) -> Image.Image:
        """The image at its final size."""
        return self.image.resize((self.side, self.side), Image.Resampling.LANCZOS)


def _scaled(points: Iterable[Point]) -> list[Point]:
    return [(x * SCALE, y * SCALE) for x, y in points]


def _lit(width: int, height: int) -> tuple[int, int, int, int]:
    """The part of a gradient of twice the size whose center is at 0.36, 0.31 of the part."""
    left, top = round(0.64 * width), round(0.69 * height)
    return (left, top, left + width, top + height)
