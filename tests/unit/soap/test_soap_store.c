/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Values into structs: good and bad texts, vectors, the arena's end. */

#include "soap_store.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "soap_error.h"

typedef struct {
    SoapObject object;      /* as every struct begins: an offset of 0 means that there is none */
    gboolean has_flag;
    gboolean flag;
    gint32 small;
    gint64 large;
    gdouble real;
    const char *text;
    const char *hidden;
    size_t n_numbers;
    gint32 *numbers;
    size_t n_words;
    const char **words;
    SoapMoRef *ref;
} Sample;

#define ROW(name, kind, flags, extra) \
    { #name, kind, flags, offsetof(Sample, name), extra, NULL, "xsd:" #name }

static const SoapField flagField = ROW(flag, SOAP_KIND_BOOL, SOAP_FIELD_OPTIONAL,
                                       offsetof(Sample, has_flag));
static const SoapField smallField = ROW(small, SOAP_KIND_INT, 0, 0);
static const SoapField largeField = ROW(large, SOAP_KIND_LONG, 0, 0);
static const SoapField realField = ROW(real, SOAP_KIND_DOUBLE, 0, 0);
static const SoapField textField = ROW(text, SOAP_KIND_STRING, 0, 0);
static const SoapField hiddenField = ROW(hidden, SOAP_KIND_INT, SOAP_FIELD_SECRET, 0);
static const SoapField numbersField = ROW(numbers, SOAP_KIND_INT, SOAP_FIELD_ARRAY,
                                          offsetof(Sample, n_numbers));
static const SoapField wordsField = ROW(words, SOAP_KIND_STRING, SOAP_FIELD_ARRAY,
                                        offsetof(Sample, n_words));
static const SoapField refField = ROW(ref, SOAP_KIND_MOREF, 0, 0);

static gboolean
store(Arena *arena, Sample *sample, const SoapField *field, const char *text, GError **error)
{
    return soapStoreText(arena, sample, field, text, strlen(text), error);
}

static void
testGoodTexts(void)
{
    g_autoptr(Arena) arena = arenaNew(1 << 20);
    Sample sample = { .small = 0 };

    g_assert_true(store(arena, &sample, &flagField, "true", NULL));
    g_assert_true(sample.has_flag && sample.flag);
    g_assert_true(store(arena, &sample, &flagField, "\n 0 ", NULL));
    g_assert_true(sample.has_flag && !sample.flag);
    g_assert_true(store(arena, &sample, &smallField, "-2147483648", NULL));
    g_assert_cmpint(sample.small, ==, G_MININT32);
    g_assert_true(store(arena, &sample, &smallField, "+7", NULL));
    g_assert_cmpint(sample.small, ==, 7);
    g_assert_true(store(arena, &sample, &largeField, "  9223372036854775807\t", NULL));
    g_assert_cmpint(sample.large, ==, G_MAXINT64);
    g_assert_true(store(arena, &sample, &realField, "-1.5E3", NULL));
    g_assert_cmpfloat(sample.real, ==, -1500.0);
    g_assert_true(store(arena, &sample, &realField, "INF", NULL));
    g_assert_true(isinf(sample.real));
    g_assert_true(store(arena, &sample, &realField, "NaN", NULL));
    g_assert_true(isnan(sample.real));
    g_assert_true(store(arena, &sample, &textField, " as it is ", NULL));
    g_assert_cmpstr(sample.text, ==, " as it is ");
    g_assert_true(store(arena, &sample, &textField, "", NULL));
    g_assert_cmpstr(sample.text, ==, "");
}

static const struct {
    const SoapField *field;
    const char *text;
    const char *phrase;
} badTexts[] = {
    { &flagField, "yes", "field \"flag\" of type xsd:flag is \"yes\", which is not true or false" },
    { &flagField, "", "which is not true or false" },
    { &flagField, "TRUE", "which is not true or false" },
    { &smallField, "2147483648", "is \"2147483648\", which is not a 32-bit number" },
    { &smallField, "-2147483649", "not a 32-bit number" },
    { &smallField, "12x", "not a 32-bit number" },
    { &smallField, "0x10", "not a 32-bit number" },
    { &smallField, "1 2", "not a 32-bit number" },
    { &smallField, "1.0", "not a 32-bit number" },
    { &smallField, " ", "not a 32-bit number" },
    { &smallField, "-", "not a 32-bit number" },
    /* LIMIT_NUMBER_BYTES and one more */
    { &smallField, "00000000000000000000000000000000000000000000000000000000000000001",
      "not a 32-bit number" },
    { &largeField, "9223372036854775808", "not a 64-bit number" },
    { &realField, "1.5.", "not a floating-point number" },
    { &realField, "0x1p3", "not a floating-point number" },
    { &realField, "", "not a floating-point number" },
    { &numbersField, "a", "field \"numbers\"" },
    { &hiddenField, "hunter2", "is \"***\"" },
};

static void
testBadTexts(void)
{
    g_autoptr(Arena) arena = arenaNew(1 << 20);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(badTexts); i++) {
        g_autoptr(GError) error = NULL;
        Sample sample = { .small = 0 };

        g_assert_false(store(arena, &sample, badTexts[i].field, badTexts[i].text, &error));
        g_assert_error(error, SOAP_ERROR, SOAP_ERROR_VALUE);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, badTexts[i].phrase));
        g_assert_cmpuint(sample.n_numbers, ==, 0);
        g_assert_false(sample.has_flag);
    }
    g_assert_false(soapStoreText(arena, &(Sample){ .small = 0 }, &smallField, "1\0002", 3, NULL));
}

static void
testVectors(void)
{
    g_autoptr(Arena) arena = arenaNew(1 << 24);
    Sample sample = { .small = 0 };
    gint i;

    for (i = 0; i < 10000; i++) {
        g_autofree char *text = g_strdup_printf("%d", i);

        g_assert_true(store(arena, &sample, &numbersField, text, NULL));
        g_assert_true(store(arena, &sample, &wordsField, text, NULL));
    }
    g_assert_cmpuint(sample.n_numbers, ==, 10000);
    g_assert_cmpuint(sample.n_words, ==, 10000);
    for (i = 0; i < 10000; i++) {
        g_assert_cmpint(sample.numbers[i], ==, i);
        g_assert_cmpint(g_ascii_strtoll(sample.words[i], NULL, 10), ==, i);
    }
    /* doubling: all old vectors together are no larger than the last */
    g_assert_cmpuint(arenaUsed(arena), <, 10000 * (16 + 4 * 4 + 4 * 8) + 65536);
}

static void
testPointer(void)
{
    g_autoptr(Arena) arena = arenaNew(1 << 10);
    SoapMoRef first = { "Datastore", "1" };
    SoapMoRef second = { "Datastore", "2" };
    Sample sample = { .small = 0 };

    g_assert_true(soapStorePointer(arena, &sample, &refField, &first, NULL));
    g_assert_true(soapStorePointer(arena, &sample, &refField, &second, NULL));
    g_assert_true(sample.ref == &second);
}

static void
testFullArena(void)
{
    g_autoptr(Arena) arena = arenaNew(100);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) second = NULL;
    g_autofree char *text = g_strnfill(200, 'x');
    Sample sample = { .small = 0 };

    g_assert_false(store(arena, &sample, &textField, text, &error));
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
    g_assert_nonnull(strstr(error->message, "exceeds its memory limit"));
    g_assert_null(sample.text);
    while (store(arena, &sample, &numbersField, "1", &second))
        g_assert_cmpuint(sample.n_numbers, <, 100);
    g_assert_error(second, SOAP_ERROR, SOAP_ERROR_LIMIT);
    g_assert_cmpuint(sample.n_numbers, ==, 8);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-store/good-texts", testGoodTexts);
    g_test_add_func("/soap-store/bad-texts", testBadTexts);
    g_test_add_func("/soap-store/vectors", testVectors);
    g_test_add_func("/soap-store/pointer", testPointer);
    g_test_add_func("/soap-store/full-arena", testFullArena);
    return g_test_run();
}
