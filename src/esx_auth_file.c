/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The auth file, looked up. libvirt's own look-up opens whatever the path leads to, waits without
 * end where that is a FIFO, and knows neither port= nor trust=.
 */

#include "esx_auth_file.h"

#include <string.h>

#include "base_file.h"
#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"

#define PORT_MAX 65535

/* In this order; the first is read by nobody else. */
static const char *const services[] = { "esxstorage", "esx" };

void
esxAuthEntryFree(EsxAuthEntry *entry)
{
    if (!entry)
        return;

    g_free(entry->section);
    g_free(entry->userName);
    secretFree(entry->password);
    g_free(entry);
}

/* Nothing of GLib's own messages: they quote lines, and one may be that of a password. */
static GKeyFile *
load(const char *path, GError **error)
{
    g_autoptr(GKeyFile) file = g_key_file_new();
    g_autoptr(GError) reason = NULL;
    g_autofree char *name = textQuoteName(path);
    g_autofree char *data = NULL;
    gsize length = 0;
    gboolean ok = FALSE;

    if (!fileRead(path, &data, &length, &reason)) {
        textToError(error, ESX_ERROR,
                    fileErrorIsShort(reason) ? ESX_ERROR_SYSTEM : ESX_ERROR_AUTH,
                    "The auth file '%s' cannot be read: %s.", name, reason->message);
        return NULL;
    }

    ok = g_key_file_load_from_data(file, data, length, G_KEY_FILE_NONE, NULL);
    explicit_bzero(data, length);
    if (ok)
        return g_steal_pointer(&file);

    textToError(error, ESX_ERROR, ESX_ERROR_AUTH,
                "The auth file '%s' is not made of [sections] and NAME=VALUE lines.", name);
    return NULL;
}

/* The section that holds for @host. Returns: (transfer full), or NULL. */
static char *
findSection(GKeyFile *file, const char *host, gboolean *ret_isOwn)
{
    const char *const hosts[] = { host, "default" };
    size_t i;
    size_t j;

    for (i = 0; i < G_N_ELEMENTS(hosts); i++) {
        for (j = 0; j < G_N_ELEMENTS(services); j++) {
            g_autofree char *section = g_strdup_printf("auth-%s-%s", services[j], hosts[i]);

            if (!g_key_file_has_group(file, section))
                continue;
            /* A host may be called "default"; it has no section of its own. */
            *ret_isOwn = i == 0 && !g_str_equal(host, "default");
            return g_steal_pointer(&section);
        }
    }
    return NULL;
}

/* What is wrong with the sections, in words; @value is that of no credential. */
static gboolean
refuse(GError **error, const char *section, const char *what)
{
    g_autofree char *name = textQuote(section, -1);

    textToError(error, ESX_ERROR, ESX_ERROR_AUTH, "The section [%s] of the auth file %s.", name,
                what);
    return FALSE;
}

static gboolean
takeTrust(GKeyFile *file, const char *section, gboolean *fixed, GError **error)
{
    g_autofree char *trust = g_key_file_get_string(file, section, "trust", NULL);

    if (!trust && g_key_file_has_key(file, section, "trust", NULL))
        return refuse(error, section, "has a trust= that is no text");
    if (trust && !g_str_equal(trust, "fixed") && !g_str_equal(trust, "free"))
        return refuse(error, section, "has a trust= that is neither 'fixed' nor 'free'");

    *fixed |= trust && g_str_equal(trust, "fixed");
    return TRUE;
}

static gboolean
takePort(GKeyFile *file, const char *section, guint *port, GError **error)
{
    g_autofree char *text = g_key_file_get_string(file, section, "port", NULL);
    guint64 number = 0;

    if (!g_key_file_has_key(file, section, "port", NULL))
        return TRUE;
    if (!text || !g_ascii_string_to_unsigned(text, 10, 1, PORT_MAX, &number, NULL))
        return refuse(error, section, "has a port= that is not a number from 1 to 65535");
    if (*port != 0 && *port != number)
        return refuse(error, section, "has another port= than the section that names it");

    *port = (guint)number;
    return TRUE;
}

/*
 * Whether a section of any host that uses the same credentials fixes the trust: what is guarded is
 * the password, whichever way leads to it.
 */
static gboolean
takeTrustOfOthers(GKeyFile *file, const char *credentials, gboolean *fixed, GError **error)
{
    g_auto(GStrv) sections = g_key_file_get_groups(file, NULL);
    size_t i;
    size_t j;

    for (i = 0; sections[i]; i++) {
        g_autofree char *theirs = NULL;
        gboolean ours = FALSE;

        for (j = 0; j < G_N_ELEMENTS(services); j++) {
            g_autofree char *prefix = g_strdup_printf("auth-%s-", services[j]);

            ours |= g_str_has_prefix(sections[i], prefix);
        }
        theirs = ours ? g_key_file_get_string(file, sections[i], "credentials", NULL) : NULL;
        if (g_strcmp0(theirs, credentials) == 0 && !takeTrust(file, sections[i], fixed, error))
            return FALSE;
    }
    return TRUE;
}

/* Both are copied by GLib; its copies are erased here, those within the key file are not. */
static void
takeCredentials(GKeyFile *file, const char *section, EsxAuthEntry *entry)
{
    char *password = g_key_file_get_string(file, section, "password", NULL);

    entry->userName = g_key_file_get_string(file, section, "username", NULL);
    if (password)
        entry->password = secretNew(password);
    secretEraseFree(password);
}

static gboolean
fill(GKeyFile *file, EsxAuthEntry *entry, GError **error)
{
    g_autofree char *name = g_key_file_get_string(file, entry->section, "credentials", NULL);
    g_autofree char *section = g_strdup_printf("credentials-%s", name ? name : "");

    if (!name)
        return refuse(error, entry->section, "has no credentials=");
    if (!g_key_file_has_group(file, section))
        return refuse(error, section, "is missing, which another one names with credentials=");

    if (!takePort(file, entry->section, &entry->port, error) ||
        !takePort(file, section, &entry->port, error) ||
        !takeTrust(file, section, &entry->isFixed, error) ||
        !takeTrustOfOthers(file, name, &entry->isFixed, error))
        return FALSE;

    takeCredentials(file, section, entry);
    return TRUE;
}

EsxAuthEntry *
esxAuthFileLookup(const char *path, const char *host, GError **error)
{
    g_autoptr(EsxAuthEntry) entry = g_new0(EsxAuthEntry, 1);
    g_autoptr(GKeyFile) file = NULL;

    if (!path)
        return g_steal_pointer(&entry);

    file = load(path, error);
    if (!file)
        return NULL;

    entry->section = findSection(file, host, &entry->isOwn);
    if (entry->section && !fill(file, entry, error))
        return NULL;
    return g_steal_pointer(&entry);
}
