/* SPDX-License-Identifier: MIT */
/* BUILD: libxml-2.0 */
/*
 * libxml2_quiet.c - what libxml2 does by itself in many threads is no race of the program.
 *
 * Eight threads read documents of their own, with DTDs, entities and identifiers, ask them by XPath, validate them against a
 * schema of their own and one that all share, go through the catalogs, and write them. The tables involved are libxml2's.
 */
#include <libxml/catalog.h>
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/schemasInternals.h>
#include <libxml/xmlschemas.h>
#include <libxml/xmlschemastypes.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#include "family.h"

enum { THREADS = 8, ROUNDS = 6 };

static const char document[] =
	"<?xml version='1.0'?>\n<!DOCTYPE list [<!ELEMENT list (item*)><!ELEMENT item (#PCDATA)>"
	"<!ATTLIST item id ID #REQUIRED n CDATA '1'><!ENTITY tree 'maple'>]>\n"
	"<list><item id='a' n='5'>&tree;</item><item id='b' n='7'>birch &amp; oak</item></list>\n";
static const char schema_text[] =
	"<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='list'><xs:complexType><xs:sequence>"
	"<xs:element name='item' maxOccurs='unbounded'><xs:complexType><xs:simpleContent><xs:extension base='xs:string'>"
	"<xs:attribute name='id' type='xs:ID'/><xs:attribute name='n' type='xs:positiveInteger'/>"
	"</xs:extension></xs:simpleContent></xs:complexType></xs:element></xs:sequence></xs:complexType>"
	"<xs:unique name='ids'><xs:selector xpath='item'/><xs:field xpath='@id'/></xs:unique></xs:element></xs:schema>";
static const char relaxng_text[] =
	"<element name='list' xmlns='http://relaxng.org/ns/structure/1.0'><zeroOrMore><element name='item'>"
	"<attribute name='id'/><attribute name='n'/><text/></element></zeroOrMore></element>";

static xmlSchemaPtr shared;
static pthread_barrier_t barrier;

static void must(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "%s failed\n", what);
		abort();
	}
}

static xmlSchemaPtr read_schema(void)
{
	xmlSchemaParserCtxtPtr context = xmlSchemaNewMemParserCtxt(schema_text, sizeof schema_text - 1);
	xmlSchemaPtr schema = xmlSchemaParse(context);

	must(schema != NULL, "schema");
	xmlSchemaFreeParserCtxt(context);
	return schema;
}

static void validate(xmlSchemaPtr schema, xmlDocPtr doc)
{
	xmlSchemaValidCtxtPtr context = xmlSchemaNewValidCtxt(schema);

	must(xmlSchemaValidateDoc(context, doc) == 0, "validation");
	xmlSchemaFreeValidCtxt(context);
}

static void validate_relaxng(xmlDocPtr doc)
{
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(relaxng_text, sizeof relaxng_text - 1);
	xmlRelaxNGPtr schema = xmlRelaxNGParse(parser);
	xmlRelaxNGValidCtxtPtr context = xmlRelaxNGNewValidCtxt(schema);

	must(schema && xmlRelaxNGValidateDoc(context, doc) == 0, "RELAX NG");
	xmlRelaxNGFreeValidCtxt(context);
	xmlRelaxNGFree(schema);
	xmlRelaxNGFreeParserCtxt(parser);
}

static void ask(xmlDocPtr doc)
{
	xmlXPathContextPtr context = xmlXPathNewContext(doc);
	xmlXPathObjectPtr found = xmlXPathEvalExpression(BAD_CAST "id('b')[@n = 7] | //item[contains(., 'maple')]", context);

	must(found && found->nodesetval && found->nodesetval->nodeNr == 2, "XPath");
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
}

static void *work(void *arg)
{
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < ROUNDS; i++) {
		xmlDocPtr doc = xmlReadMemory(document, sizeof document - 1, "list.xml", NULL,
					      XML_PARSE_NOENT | XML_PARSE_DTDVALID | XML_PARSE_DTDATTR);
		xmlSchemaPtr own = read_schema();
		htmlDocPtr html = htmlReadMemory("<p id=x>one<p>two", 17, "x.html", NULL, HTML_PARSE_NOERROR);
		xmlChar *text, *resolved;
		int n;

		must(doc && html, "reading");
		ask(doc);
		validate(own, doc);
		validate(shared, doc);
		validate_relaxng(doc);
		resolved = xmlCatalogResolveSystem(BAD_CAST "http://nowhere.example/list.dtd");
		xmlFree(resolved);
		xmlDocDumpMemoryEnc(doc, &text, &n, i % 2 ? "UTF-8" : "ISO-8859-1");
		must(text != NULL, "writing");
		xmlFree(text);
		xmlSchemaFree(own);
		xmlFreeDoc(html);
		xmlFreeDoc(doc);
	}
	return arg;
}

int main(void)
{
	pthread_t threads[THREADS];

	/* All of it in the first thread, as the manual asks for. */
	xmlInitParser();
	xmlSchemaInitTypes();
	xmlRelaxNGInitTypes();
	xmlInitializeCatalog();
	shared = read_schema();
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&threads[i], NULL, work, NULL));
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(threads[i], NULL));
	xmlSchemaFree(shared);
	xmlCleanupParser();
	return 0;
}
