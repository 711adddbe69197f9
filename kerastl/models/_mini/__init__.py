"""The bundled model: a compact network for 200 classes that ships inside the package."""
