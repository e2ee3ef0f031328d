/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as a reply: no crash, no leak, no more memory than the bytes allow, and an error has a
 * sentence. What was understood can be written again: a reply made from it is understood as the
 * same.
 */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_target.h"
#include "../unit/support/soap_dump.h"
#include "soap_codec.h"
#include "vim_types.h"

/* The method whose response the bytes name, so that seeds are plain replies. */
static const SoapMethod *
findMethod(const char *data, size_t size)
{
    size_t i;

    for (i = 0; i < vimMethodsCount; i++) {
        const char *name = vimMethods[i]->response->name;

        if (memmem(data, size, name, strlen(name)))
            return vimMethods[i];
    }
    return &vimMethodRetrievePropertiesEx;
}

static SoapReply *
decode(const SoapMethod *method, const char *data, size_t size, size_t piece)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(method);
    g_autoptr(GError) error = NULL;
    SoapReply *reply = NULL;
    gboolean more = TRUE;
    size_t done;

    fuzzMemoryBegin();
    for (done = 0; more && done < size; done += piece)
        more = soapDecoderFeed(decoder, data + done, MIN(piece, size - done), &error);
    if (more)
        reply = soapDecoderFinish(decoder, &error);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, 1);
    g_assert_true(!reply || arenaUsed(reply->arena) <=
                  LIMIT_DECODED * size + LIMIT_AMPLIFIED_BASE);
    g_assert_true((reply == NULL) == (error != NULL));
    g_assert_true(!error || (error->domain == SOAP_ERROR && strlen(error->message) > 10));
    g_assert_true(!error || g_utf8_validate(error->message, -1, NULL));
    return reply;
}

/* Writes @body, a response, as if it were a request of that name: which makes it a reply. */
static GString *
encode(const SoapObject *body, GError **error)
{
    const SoapMethod method = { body->type->name, body->type, NULL, SOAP_REPLAY_SAFE };
    g_autoptr(GString) out = g_string_new(NULL);

    return soapEncodeRequest(&method, body, out, error) ? g_steal_pointer(&out) : NULL;
}

/* Whether the reply may be impossible to write: what it did not have, no table can make up. */
static gboolean
isExcused(const GError *error)
{
    return strstr(error->message, "is required but missing") ||
           strstr(error->message, "is an array without an item type") ||
           strstr(error->message, "is a value without a type");
}

/* The reply that @first is written as, or NULL. */
static SoapReply *
writeAndRead(const SoapMethod *method, const SoapReply *first, gboolean mayFail)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = encode(first->body, &error);
    SoapReply *second = NULL;

    if (!text) {
        g_assert_true(mayFail && isExcused(error));
        return NULL;
    }
    /* Escaped and typed, a text may outgrow what a reply may have. */
    if (text->len > LIMIT_REPLY_TEXT)
        return NULL;
    second = decode(method, text->str, text->len, text->len);
    g_assert_nonnull(second);
    return second;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const char *data = (const char *)bytes;
    const SoapMethod *method = findMethod(data, size);
    g_autoptr(SoapReply) first = decode(method, data, size, 1 + size % 97);
    g_autoptr(SoapReply) second = NULL;
    g_autoptr(SoapReply) third = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;

    if (!first)
        return 0;
    if (first->fault) {
        before = soapDump(first->fault->detail);
        return 0;
    }
    second = writeAndRead(method, first, TRUE);
    if (!second)
        return 0;
    third = writeAndRead(method, second, FALSE);
    if (!third)
        return 0;
    before = soapDump(second->body);
    after = soapDump(third->body);
    g_assert_cmpstr(before, ==, after);
    return 0;
}
