from xml.etree import ElementTree

import pytest

NAMES = {"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "dc": "http://purl.org/dc/elements/1.1/"}


@pytest.fixture
def subjects():
    """The keywords in XMP, as the standard library's reader of XML finds them."""

    def read(packet):
        root = ElementTree.fromstring(packet)  # noqa: S314 - written here
        rdf = next(root.iter(f"{{{NAMES['rdf']}}}RDF"))
        return [item.text for item in rdf.findall("./*/dc:subject/*/rdf:li", NAMES)]

    return read
