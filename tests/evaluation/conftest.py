import pytest


@pytest.fixture
def colors(image, tmp_path):
    """Five images of two of the color model's classes, one of them wrong, and one of a class it does not know."""
    image("colors/red/1.png", "red")
    image("colors/red/2.png", (255, 0, 204))
    image("colors/red/3.png", "blue")
    image("colors/blue/1.png", "blue")
    image("colors/blue/2.png", (0, 0, 51))
    image("colors/cyan/1.png", "cyan")
    return tmp_path / "colors"
