/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * How fast replies become objects, beside libxml2 reading the same bytes and doing nothing.
 *
 *   bench_codec [--rounds N] [--only WHAT --times N] FILE...
 *
 * FILE is a whole SOAP reply; which method's, the name of its response tells. Prints one JSON array
 * with an object for each file: name, bytes, arena_bytes (memory of the objects), and for each way
 * of reading it WHAT_us, median CPU time in microseconds of one reading:
 *   bare      libxml2's push parser with the decoder's options and callbacks that do nothing
 *   decode    the codec: bytes to objects, and these freed
 *   memory    libxml2 reading all bytes at once, callbacks that do nothing
 *   tree      xmlReadMemory, and the tree freed
 *   reader    xmlTextReader, node by node
 * and ratio, the median of decode/bare over the rounds, and ratio_low and ratio_high, the middle
 * half of them. Pushed are pieces of PIECE bytes, as they come from TLS. In a round every way has
 * its turn, so that a machine that is busy for a while is so for all of them.
 *
 * With --only nothing is measured: one way reads each file that many times, for valgrind and perf.
 */

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlreader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "soap_codec.h"
#include "vim_types.h"

#define PIECE (16 * 1024)

/*
 * One turn of one way lasts about that long: the clock's own cost is nothing then, and what the way
 * before has left of the caches matters little.
 */
#define TURN_US 20000.0

#define PARSE_OPTIONS (XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC)

typedef struct {
    char *name;
    char *data;
    gsize size;
    const SoapMethod *method;
    size_t arena;               /* bytes of the last reply's objects */
} Sample;

/* Reads the reply once. A way that fails ends the program: a wrong answer has no speed. */
typedef void (*Way)(Sample *sample);

static void
require(gboolean condition, const Sample *sample, const char *message)
{
    if (condition)
        return;
    fprintf(stderr, "bench_codec: %s: %s\n", sample->name, message);
    exit(1);
}

/* ---- ways ------------------------------------------------------------------------------------ */

static void
ignoreStart(void *user G_GNUC_UNUSED, const xmlChar *name G_GNUC_UNUSED,
            const xmlChar *prefix G_GNUC_UNUSED, const xmlChar *uri G_GNUC_UNUSED,
            int nnamespaces G_GNUC_UNUSED, const xmlChar **namespaces G_GNUC_UNUSED,
            int nattributes G_GNUC_UNUSED, int ndefaulted G_GNUC_UNUSED,
            const xmlChar **attributes G_GNUC_UNUSED)
{
}

static void
ignoreEnd(void *user G_GNUC_UNUSED, const xmlChar *name G_GNUC_UNUSED,
          const xmlChar *prefix G_GNUC_UNUSED, const xmlChar *uri G_GNUC_UNUSED)
{
}

static void
ignoreText(void *user G_GNUC_UNUSED, const xmlChar *text G_GNUC_UNUSED, int length G_GNUC_UNUSED)
{
}

static xmlSAXHandler ignoreAll = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = ignoreStart,
    .endElementNs = ignoreEnd,
    .characters = ignoreText,
    .ignorableWhitespace = ignoreText,
    .cdataBlock = ignoreText,
};

static void
readBare(Sample *sample)
{
    xmlParserCtxtPtr parser = xmlCreatePushParserCtxt(&ignoreAll, NULL, NULL, 0, NULL);
    gsize done;

    xmlCtxtUseOptions(parser, PARSE_OPTIONS);
    xmlSwitchEncoding(parser, XML_CHAR_ENCODING_UTF8);
    for (done = 0; done < sample->size; done += PIECE)
        xmlParseChunk(parser, sample->data + done, (int)MIN(PIECE, sample->size - done), 0);
    xmlParseChunk(parser, NULL, 0, 1);
    require(parser->wellFormed, sample, "not well-formed");
    xmlFreeParserCtxt(parser);
}

static void
readDecode(Sample *sample)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(sample->method);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;
    gboolean more = TRUE;
    gsize done;

    for (done = 0; more && done < sample->size; done += PIECE)
        more = soapDecoderFeed(decoder, sample->data + done, MIN(PIECE, sample->size - done),
                               &error);
    if (more)
        reply = soapDecoderFinish(decoder, &error);
    require(reply != NULL, sample, error ? error->message : "no reply");
    require(reply->body != NULL, sample, "a fault");
    sample->arena = arenaUsed(reply->arena);
}

static void
readMemory(Sample *sample)
{
    xmlParserCtxtPtr parser = xmlCreateMemoryParserCtxt(sample->data, (int)sample->size);
    xmlSAXHandlerPtr own = parser->sax;

    parser->sax = &ignoreAll;
    xmlParseDocument(parser);
    require(parser->wellFormed, sample, "not well-formed");
    parser->sax = own;
    xmlFreeParserCtxt(parser);
}

static void
readTree(Sample *sample)
{
    xmlDocPtr tree = xmlReadMemory(sample->data, (int)sample->size, NULL, NULL, PARSE_OPTIONS);

    require(tree != NULL, sample, "not well-formed");
    xmlFreeDoc(tree);
}

static void
readReader(Sample *sample)
{
    xmlTextReaderPtr reader = xmlReaderForMemory(sample->data, (int)sample->size, NULL, NULL,
                                                 PARSE_OPTIONS);
    int more = 1;

    while (more == 1)
        more = xmlTextReaderRead(reader);
    require(more == 0, sample, "not well-formed");
    xmlFreeTextReader(reader);
}

enum { BARE, DECODE, WAYS = 5 };

static const struct {
    const char *name;
    Way read;
} ways[WAYS] = {
    [BARE] = { "bare", readBare },
    [DECODE] = { "decode", readDecode },
    { "memory", readMemory },
    { "tree", readTree },
    { "reader", readReader },
};

/* ---- measuring ------------------------------------------------------------------------------- */

static double
cpuTime(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Returns: CPU time of one of @times readings. */
static double
takeTurn(Sample *sample, Way read, guint times)
{
    double begun = cpuTime();
    guint i;

    for (i = 0; i < times; i++)
        read(sample);
    return (cpuTime() - begun) / times;
}

static gint
compareTimes(gconstpointer a, gconstpointer b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Returns: the value below which @part of @times lie; sorts them. */
static double
quantile(GArray *times, double part)
{
    g_array_sort(times, compareTimes);
    return g_array_index(times, double, (guint)(part * (times->len - 1)));
}

static void
measure(Sample *sample, guint rounds)
{
    g_autoptr(GArray) ratios = g_array_new(FALSE, FALSE, sizeof(double));
    GArray *times[WAYS];
    guint turn, round, way;
    double spent[WAYS];

    for (way = 0; way < WAYS; way++) {
        times[way] = g_array_new(FALSE, FALSE, sizeof(double));
        ways[way].read(sample);
    }
    turn = (guint)CLAMP(TURN_US / takeTurn(sample, readBare, 3), 1, 10000);
    for (round = 0; round < rounds; round++) {
        for (way = 0; way < WAYS; way++) {
            spent[way] = takeTurn(sample, ways[way].read, turn);
            g_array_append_val(times[way], spent[way]);
        }
        spent[DECODE] /= spent[BARE];
        g_array_append_val(ratios, spent[DECODE]);
    }
    printf("{\"name\": \"%s\", \"bytes\": %zu, \"arena_bytes\": %zu", sample->name, sample->size,
           sample->arena);
    for (way = 0; way < WAYS; way++) {
        printf(", \"%s_us\": %.2f", ways[way].name, quantile(times[way], 0.5));
        g_array_unref(times[way]);
    }
    printf(", \"ratio\": %.4f, \"ratio_low\": %.4f, \"ratio_high\": %.4f}", quantile(ratios, 0.5),
           quantile(ratios, 0.25), quantile(ratios, 0.75));
}

/* The method whose response the bytes name. */
static const SoapMethod *
findMethod(const char *data, size_t size)
{
    size_t i;

    for (i = 0; i < vimMethodsCount; i++) {
        g_autofree char *tag = g_strdup_printf("%sResponse", vimMethods[i]->name);
        const char *found = memmem(data, size, tag, strlen(tag));

        if (found && found > data && (found[-1] == '<' || found[-1] == ':'))
            return vimMethods[i];
    }
    return NULL;
}

static void
load(Sample *sample, const char *path)
{
    sample->name = g_path_get_basename(path);
    require(g_file_get_contents(path, &sample->data, &sample->size, NULL), sample, "not readable");
    sample->method = findMethod(sample->data, sample->size);
    require(sample->method != NULL, sample, "no reply of a method that is known");
}

static Way
findWay(const char *name)
{
    guint way;

    for (way = 0; way < WAYS; way++) {
        if (strcmp(ways[way].name, name) == 0)
            return ways[way].read;
    }
    fprintf(stderr, "bench_codec: there is no way of reading called '%s'\n", name);
    exit(2);
}

int
main(int argc, char **argv)
{
    g_autofree char *only = NULL;
    g_auto(GStrv) files = NULL;
    gint rounds = 101;
    gint times = 1;
    const GOptionEntry entries[] = {
        { "rounds", 0, 0, G_OPTION_ARG_INT, &rounds, "how often each way has its turn", "N" },
        { "only", 0, 0, G_OPTION_ARG_STRING, &only, "read in this way, measure nothing", "WHAT" },
        { "times", 0, 0, G_OPTION_ARG_INT, &times, "with --only: how often", "N" },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &files, NULL, "FILE..." },
        { 0 },
    };
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    guint i;

    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error) || !files || rounds < 1) {
        fprintf(stderr, "bench_codec: %s\n", error ? error->message : "name replies to read");
        return 2;
    }
    for (i = 0; files[i]; i++) {
        Sample sample = { 0 };

        load(&sample, files[i]);
        if (only) {
            takeTurn(&sample, findWay(only), (guint)times);
        } else {
            printf("%s", i == 0 ? "[" : ",\n ");
            measure(&sample, (guint)rounds);
        }
        g_clear_pointer(&sample.name, g_free);
        g_clear_pointer(&sample.data, g_free);
    }
    if (!only)
        puts("]");
    return 0;
}
