# SPDX-License-Identifier: MIT
"""lxml in threads: one stylesheet and one schema for all, documents of their own."""

import threading

from lxml import etree

XSL = """<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:key name="k" match="i" use="@n"/>
<xsl:template match="/"><o><xsl:for-each select="//i[generate-id() = generate-id(key('k', @n)[1])]">
<xsl:sort select="@n"/><v><xsl:value-of select="@n"/></v></xsl:for-each></o></xsl:template>
</xsl:stylesheet>"""
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="r"><xs:complexType><xs:sequence>
<xs:element name="i" maxOccurs="unbounded"><xs:complexType><xs:attribute name="n" type="xs:integer"/></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""
transform = etree.XSLT(etree.XML(XSL))
schema = etree.XMLSchema(etree.XML(XSD))


def work():
    for _ in range(30):
        doc = etree.fromstring("<r>" + "".join(f'<i n="{k % 7}"/>' for k in range(50)) + "</r>")
        assert schema.validate(doc)
        assert len(transform(doc).getroot()) == 7
        assert len(doc.xpath("//i[@n = 3]")) == 7
        etree.tostring(doc)


threads = [threading.Thread(target=work) for _ in range(6)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("done")
