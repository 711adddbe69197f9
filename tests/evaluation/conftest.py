import pytest


@pytest.fixture
def colours(picture, tmp_path):
    """Five pictures of two of the colour model's classes, one of them wrong, and one of a class it does not know."""
    picture("colours/red/1.png", "red")
    picture("colours/red/2.png", (255, 0, 204))
    picture("colours/red/3.png", "blue")
    picture("colours/blue/1.png", "blue")
    picture("colours/blue/2.png", (0, 0, 51))
    picture("colours/cyan/1.png", "cyan")
    return tmp_path / "colours"
