"""Writes the compiled network as a text of hexadecimal digits."""

from kerastl.exporting import ExportFormat
from kerastl.inference import LiteRTEngine, Parallelism


def write(source, path):
    path.write_text(source.flatbuffer.hex())


def run(path):
    return LiteRTEngine(bytes.fromhex(path.read_text()), Parallelism(workers=1, interpreters=1, threads=1, batch=1))


FORMAT = ExportFormat("toy-hex", "typewriters", "model.hex", write, run)
