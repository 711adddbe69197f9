"""Saved models as they come: checked, within limits, before Keras or NumPy see any of it."""
