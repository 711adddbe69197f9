"""The bundled model: a compact network for 200 classes that comes with the package."""
