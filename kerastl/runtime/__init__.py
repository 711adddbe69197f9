"""Answer fast: the network compiled once, cached, and run without TensorFlow."""
