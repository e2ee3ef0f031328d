/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_refusals.h"

#include "base_limits.h"

typedef struct {
    char *host;
    guint port;
    char *userName;
    Secret *password;
    gint64 since;
} EsxRefusal;

struct _EsxRefusals {
    GPtrArray *list;        /* EsxRefusal, the oldest first */
};

static void
refusalFree(gpointer opaque)
{
    EsxRefusal *refusal = opaque;

    g_free(refusal->host);
    g_free(refusal->userName);
    secretFree(refusal->password);
    g_free(refusal);
}

EsxRefusals *
esxRefusalsNew(void)
{
    EsxRefusals *refusals = g_new0(EsxRefusals, 1);

    refusals->list = g_ptr_array_new_with_free_func(refusalFree);
    return refusals;
}

void
esxRefusalsFree(EsxRefusals *refusals)
{
    if (!refusals)
        return;
    g_ptr_array_unref(refusals->list);
    g_free(refusals);
}

static EsxRefusal *
find(const EsxRefusals *refusals, const EsxUri *uri, const char *userName, const Secret *password)
{
    guint i;

    for (i = 0; i < refusals->list->len; i++) {
        EsxRefusal *refusal = g_ptr_array_index(refusals->list, i);

        if (g_str_equal(refusal->host, uri->host) && refusal->port == uri->port &&
            g_str_equal(refusal->userName, userName) && secretEqual(refusal->password, password))
            return refusal;
    }
    return NULL;
}

void
esxRefusalsForget(EsxRefusals *refusals, const EsxUri *uri, const char *userName,
                  const Secret *password)
{
    EsxRefusal *refusal = find(refusals, uri, userName, password);

    if (refusal)
        g_ptr_array_remove(refusals->list, refusal);
}

void
esxRefusalsAdd(EsxRefusals *refusals, const EsxUri *uri, const char *userName,
               const Secret *password, gint64 now)
{
    EsxRefusal *refusal = g_new0(EsxRefusal, 1);

    esxRefusalsForget(refusals, uri, userName, password);
    if (refusals->list->len >= LIMIT_REFUSED)
        g_ptr_array_remove_index(refusals->list, 0);

    refusal->host = g_strdup(uri->host);
    refusal->port = uri->port;
    refusal->userName = g_strdup(userName);
    refusal->password = secretNew(secretText(password));
    refusal->since = now;
    g_ptr_array_add(refusals->list, refusal);
}

gboolean
esxRefusalsHas(const EsxRefusals *refusals, const EsxUri *uri, const char *userName,
               const Secret *password, gint64 now)
{
    const EsxRefusal *refusal = find(refusals, uri, userName, password);

    return refusal && now - refusal->since < (gint64)LIMIT_REFUSED_MS * G_TIME_SPAN_MILLISECOND;
}
