"""Draw the sample images in `data/`: `python scripts/draw_samples.py [FOLDER]`.

The same Pillow version draws the same bytes each time.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from pathlib import Path

from drawing import Color, Drawing, Point
from PIL import Image

SHAPE_SIDE = 112
SHAPES_A_CLASS = 22


def balloons() -> Drawing:
    """Three balloons on strings."""
    drawing = Drawing((80, 150, 225), (200, 225, 245))
    colors = (((255, 120, 120), (200, 15, 25)), ((255, 235, 130), (225, 160, 10)), ((130, 170, 255), (25, 60, 190)))
    for (x, y), (light, dark) in zip(((128, 100), (72, 120), (186, 116)), colors, strict=True):
        drawing.line([(x, y + 48), (0.3 * x + 90, 200), (128, 256)], (230, 230, 230), 1)
        drawing.ball(x, y, 40, 49, light, dark)
        drawing.polygon([(x - 6, y + 55), (x + 6, y + 55), (x, y + 46)], dark)
        drawing.ellipse(x - 16, y - 26, 6, 8, (255, 255, 255))
    return drawing


def candle() -> Drawing:
    """A burning candle in the dark."""
    drawing = Drawing((16, 11, 10), (60, 38, 22))
    drawing.glow(128, 80, 70, 90, (120, 75, 30), 30, 200)
    drawing.rectangle(98, 117, 158, 256, (226, 203, 160))
    drawing.rectangle(98, 117, 120, 256, (246, 230, 195))
    drawing.ellipse(128, 117, 30, 9, (255, 245, 215))
    drawing.line([(128, 117), (128, 100)], (30, 20, 15), 3)
    drawing.glow(128, 75, 40, 55, (255, 190, 80), 22, 150)
    for width, height, base, color in (
        (20, 70, 112, (255, 170, 40)),
        (14, 54, 111, (255, 225, 110)),
        (8, 34, 110, (255, 250, 220)),
    ):
        turns = [2 * math.pi * step / 60 for step in range(60)]
        outline = [
            (128 + width * math.sin(t) * math.sin(t / 2) ** 1.5, base - height * (1 + math.cos(t)) / 2) for t in turns
        ]
        drawing.polygon(outline, color)
    return drawing


def jack_o_lantern() -> Drawing:
    """A carved pumpkin, lit from inside."""
    drawing = Drawing((30, 20, 45), (12, 8, 16))
    for half in (100, 84, 60, 34):
        for side in (-1, 1):
            x = 128 + side * (100 - half) * 0.75
            drawing.ball(x, 146, half * 0.55 + 8, 80, (255, 160, 45), (190, 80, 5))
    drawing.ball(128, 145, 34, 83, (255, 165, 50), (200, 90, 8))
    drawing.polygon([(116, 70), (120, 36), (140, 30), (136, 44), (142, 70)], (70, 110, 40))
    teeth = [(58, 160), (82, 172), (92, 186), (104, 174), (118, 180), (124, 196), (136, 196), (140, 180), (154, 174),
             (164, 186), (174, 172), (198, 160), (184, 196), (160, 212), (148, 204), (128, 216), (108, 204), (96, 212),
             (72, 196)]  # fmt: skip
    # Carved: the dark rim first, the light inside a little smaller.
    for inset, color in ((0, (90, 35, 0)), (3, (255, 225, 90))):
        for side in (-1, 1):
            eye = [(62 - inset, 128 - inset), (20 + inset, 128 - inset), (40, 92 + 2 * inset)]
            drawing.polygon([(128 + side * x, y) for x, y in eye], color)
        drawing.polygon([(128, 126 + 2 * inset), (114 + inset, 148 - inset), (142 - inset, 148 - inset)], color)
        narrow, flat = (0.96, 0.9) if inset else (1, 1)
        drawing.polygon([(128 + (x - 128) * narrow, 186 + (y - 186) * flat) for x, y in teeth], color)
    return drawing


def traffic_light() -> Drawing:
    """A traffic light on red."""
    drawing = Drawing((120, 170, 225), (205, 225, 240))
    drawing.rectangle(120, 200, 136, 256, (70, 70, 75))
    drawing.rectangle(84, 16, 172, 212, (15, 15, 15), 12)
    drawing.rectangle(87, 19, 169, 209, (38, 42, 40), 10)
    lamps = (((255, 120, 100), (225, 10, 10)), ((110, 90, 20), (70, 55, 10)), ((20, 80, 40), (8, 45, 20)))
    for row, (light, dark) in enumerate(lamps):
        y = 54 + 62 * row
        drawing.ellipse(128, y, 30, 30, (12, 12, 12))
        drawing.ball(128, y, 27, 27, light, dark)
        drawing.arc(128, y - 2, 32, 190, 350, (5, 5, 5), 7)
    return drawing


def umbrella() -> Drawing:
    """An open umbrella."""
    drawing = Drawing((150, 165, 180), (205, 210, 215))
    drawing.line([(128, 26), (128, 205)], (60, 40, 30), 5)
    drawing.arc(115.5, 206, 15, 0, 180, (90, 50, 25), 6)
    panels = 6

    def rib(x: float) -> list[Point]:
        turns = [math.pi / 2 * step / 20 for step in range(21)]
        return [(128 + (x - 128) * math.sin(turn), 130 - 92 * math.cos(turn)) for turn in turns]

    for panel in range(panels):
        left, right = (22 + 212 * edge / panels for edge in (panel, panel + 1))
        steps = [step / 12 for step in range(13)]
        hem = [(left + (right - left) * step, 130 - 14 * math.sin(math.pi * step)) for step in steps]
        red, rest = ((200, 28), (225, 46))[panel % 2]
        light = 0.75 + 0.3 * math.sin(math.pi * (panel + 0.5) / panels)
        drawing.polygon(rib(left) + hem + rib(right)[::-1], (int(red * light), int(rest * light), int(rest * light)))
        drawing.line(rib(right), (120, 10, 20), 1)
    return drawing


def soccer_ball() -> Drawing:
    """A ball on grass."""
    drawing = Drawing((120, 190, 235), (190, 225, 242))
    grass = random.Random(3)
    drawing.rectangle(0, 170, 256, 256, (60, 130, 50))
    for _ in range(1500):
        x, y = grass.uniform(0, 256), grass.uniform(168, 256)
        green = (grass.randint(40, 80), grass.randint(110, 170), grass.randint(35, 70))
        drawing.line([(x, y), (x + grass.uniform(-3, 3), y - grass.uniform(4, 10))], green, 1)
    drawing.glow(135, 220, 75, 15, (20, 20, 25), 6, 150)
    drawing.ball(128, 128, 80, 80, (255, 255, 255), (150, 150, 155))
    corners = [_turned(corner) for corner in _icosahedron()]
    for corner in corners:
        # Cutting the corners off an icosahedron, a third along each edge, gives the ball's pentagons and seams.
        neighbors = sorted(corners, key=lambda other: math.dist(other, corner))[1:6]
        cuts = [_between(corner, other, 1 / 3) for other in neighbors]
        for cut, other in zip(cuts, neighbors, strict=True):
            far = _between(corner, other, 2 / 3)
            if cut[2] > 0 and far[2] > 0:
                drawing.line([_on_ball(cut), _on_ball(far)], (70, 70, 72), 2)
        if all(cut[2] > -0.05 for cut in cuts):
            x, y = _on_ball(corner)
            flat = sorted((_on_ball(cut) for cut in cuts), key=lambda point: math.atan2(point[1] - y, point[0] - x))
            drawing.polygon(flat, (25, 25, 28))
    return drawing


Vector = tuple[float, float, float]


def _icosahedron() -> list[Vector]:
    golden = (1 + math.sqrt(5)) / 2
    pairs = [(a, b) for a in (-1.0, 1.0) for b in (-golden, golden)]
    return [corner for a, b in pairs for corner in ((0.0, a, b), (a, b, 0.0), (b, 0.0, a))]


def _turned(corner: Vector) -> Vector:
    x, y, z = corner
    for angle in (0.45, 0.55, 0.3):
        y, z = y * math.cos(angle) - z * math.sin(angle), y * math.sin(angle) + z * math.cos(angle)
        x, y, z = z, x, y  # the next turn is about the next axis
    return x, y, z


def _between(start: Vector, end: Vector, part: float) -> Vector:
    x, y, z = ((1 - part) * a + part * b for a, b in zip(start, end, strict=True))
    return x, y, z


def _on_ball(point: Vector) -> Point:
    length = math.hypot(*point)
    return 128 + 80 * point[0] / length, 128 + 80 * point[1] / length


SINGLES: dict[str, Callable[[], Drawing]] = {
    "balloons.jpg": balloons,
    "candle.jpg": candle,
    "jack_o_lantern.png": jack_o_lantern,
    "soccer_ball.jpg": soccer_ball,
    "traffic_light.png": traffic_light,
    "umbrella.png": umbrella,
}

CORNERS = {"circle": 0, "square": 4, "star": 10, "triangle": 3}


def shape(name: str, number: int) -> Image.Image:
    """Draw one labeled shape: its place, size, turn, colors and background differ from number to number."""
    chance = random.Random(f"{name} {number}")
    ground = [chance.randint(20, 235) for _ in range(3)]
    bottom = [min(255, max(0, channel + chance.randint(-70, 70))) for channel in ground]
    drawing = Drawing(_color(ground), _color(bottom), SHAPE_SIDE, chance.uniform(0, 360))
    for _ in range(chance.randint(3, 9)):  # thin lines, to be looked past
        ends = [(chance.uniform(0, SHAPE_SIDE), chance.uniform(0, SHAPE_SIDE)) for _ in range(2)]
        drawing.line(ends, _color([chance.randint(0, 255) for _ in range(3)]), chance.choice((1, 1, 2)))
    fill = ground
    while sum(abs(a - b) for a, b in zip(fill, ground, strict=True)) < 220:
        fill = [chance.randint(0, 255) for _ in range(3)]
    radius = chance.uniform(17, 44)
    reach = SHAPE_SIDE / 2 - radius - 3
    x, y = (SHAPE_SIDE / 2 + chance.uniform(-reach, reach) for _ in range(2))
    outline = _outline(CORNERS[name], x, y, radius, chance.uniform(0, 2 * math.pi))
    drawing.polygon(outline, _color(fill))
    if chance.random() < 0.3:  # hollow
        inner = [(x + 0.62 * (a - x), y + 0.62 * (b - y)) for a, b in outline]
        drawing.polygon(inner, _color(ground))
    return drawing.finished()


def _outline(corners: int, x: float, y: float, radius: float, turn: float) -> list[Point]:
    count = corners or 72
    # Every other corner of a star lies further in.
    radii = [radius * (0.42 if corners == 10 and corner % 2 else 1) for corner in range(count)]
    angles = [turn + 2 * math.pi * corner / count for corner in range(count)]
    return [(x + r * math.cos(angle), y + r * math.sin(angle)) for r, angle in zip(radii, angles, strict=True)]


def _color(channels: list[int]) -> Color:
    red, green, blue = channels
    return red, green, blue


def main(folder: Path) -> None:
    """Draw all samples into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in SINGLES.items():
        draw().finished().save(folder / name, quality=90, optimize=True)
    for name in CORNERS:
        (folder / "shapes" / name).mkdir(parents=True, exist_ok=True)
        for number in range(SHAPES_A_CLASS):
            path = folder / "shapes" / name / f"{name}_{number:02}.jpg"
            shape(name, number).save(path, quality=85, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "data")
