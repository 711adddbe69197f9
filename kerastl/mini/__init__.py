"""The model in the box: a compact network for 200 classes that ships inside the package."""
