import pytest

from kerastl.keywords._written import KeywordError
from kerastl.keywords._xmp import merged, words_of

LIGHTROOM = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" xmp:Rating="4" crs:Exposure2012='+0.50 > 0'>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Übung</rdf:li></rdf:Alt></dc:title>
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Holiday</rdf:li>
     <rdf:li>R&amp;B</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <!-- kept -->
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'


def test_keywords_are_added_and_every_other_byte_stays(subjects):
    packet = LIGHTROOM.encode()
    new = merged(packet, ["dog", "holiday", "<cat>", "R&B"])
    assert new == packet.replace(b"    </rdf:Bag>", b"    <rdf:li>dog</rdf:li><rdf:li>&lt;cat&gt;</rdf:li></rdf:Bag>")
    assert subjects(new) == ["Holiday", "R&B", "dog", "<cat>"]
    assert words_of(new) == ("Holiday", "R&B", "dog", "<cat>")
    assert merged(new, ["DOG"]) == new


def test_a_new_packet_holds_them(subjects):
    packet = merged(None, ["dog", "Übung"])
    assert subjects(packet) == ["dog", "Übung"]
    assert packet.startswith('<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'.encode())
    assert packet.endswith(b'<?xpacket end="w"?>')


@pytest.mark.parametrize(
    "body",
    [
        f'<rdf:RDF {RDF}><rdf:Description rdf:about="uuid:1" {DC}/></rdf:RDF>',
        f"<rdf:RDF {RDF}/>",
        f'<r:RDF xmlns:r="{RDF[11:-1]}"><r:Description r:about="" {DC}><dc:subject><r:Bag/></dc:subject>'
        "</r:Description></r:RDF>",
        f'<RDF xmlns="{RDF[11:-1]}"><Description {DC}><dc:subject><Seq a="/>"/></dc:subject></Description></RDF>',
        f"<rdf:RDF {RDF}><rdf:Description {DC}><dc:subject><rdf:Bag><rdf:li/></rdf:Bag></dc:subject></rdf:Description>"
        "</rdf:RDF>",
    ],
)
@pytest.mark.parametrize("begin", ["", '<?xml version="1.0" encoding="UTF-8"?>\n', "\ufeff"])
def test_each_way_to_write_it_can_be_added_to(subjects, body, begin):
    new = merged(f"{begin}{body}\0\0".encode(), ["dog", "cat"])
    assert [word for word in subjects(new) if word] == ["dog", "cat"]


def test_the_new_description_is_about_the_same():
    packet = f'<rdf:RDF {RDF}><rdf:Description rdf:about="a&quot;b" xmlns:x="y" x:z="1"/></rdf:RDF>'.encode()
    assert merged(packet, ["dog"]).count(b"rdf:about='a\"b'") == 1


def test_lists_of_other_things_are_not_taken_for_keywords():
    other = f"<rdf:Description {DC}><dc:creator><rdf:Bag><rdf:li>Ann</rdf:li></rdf:Bag></dc:creator></rdf:Description>"
    nested = (
        f'<rdf:Description {DC} xmlns:x="y"><x:a><rdf:Description><dc:subject><rdf:Bag><rdf:li>in</rdf:li></rdf:Bag>'
        "</dc:subject></rdf:Description></x:a></rdf:Description>"
    )
    assert words_of(f"<rdf:RDF {RDF}>{other}{nested}</rdf:RDF>".encode()) == ()


@pytest.mark.parametrize(
    ("packet", "message"),
    [
        ("", "its XMP is broken"),
        ("<a>", "its XMP is broken"),
        ("<a/>", "holds no XMP"),
        (f'<!DOCTYPE a [<!ENTITY b "c">]><rdf:RDF {RDF}>&b;</rdf:RDF>', "declares a document type"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "declares a document type"),
        ("<a>" * 300 + "</a>" * 300, "nested too deep"),
        (f'<?xml version="1.0" encoding="iso-8859-1"?><rdf:RDF {RDF}/>', "is in iso-8859-1, and only UTF-8"),
        (
            f"<rdf:RDF {RDF}><rdf:Description {DC}><dc:subject>dog</dc:subject></rdf:Description></rdf:RDF>",
            "its dc:subject is no list",
        ),
    ],
)
def test_what_cannot_be_added_to_is_refused(packet, message):
    with pytest.raises(KeywordError, match=message):
        merged(packet.encode(), ["dog"])


def test_other_encodings_are_refused():
    with pytest.raises(KeywordError, match="UTF-16"):
        merged(LIGHTROOM.encode("utf-16"), ["dog"])


def test_keywords_are_one_line_of_text(subjects):
    assert subjects(merged(None, ["a\nb\0c", " ", "\ud800x", "\ufffey"])) == ["a b c", "x", "y"]
