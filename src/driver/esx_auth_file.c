/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Reads the auth file. libvirt's own code opens any kind of file, waits without end if that is a
 * FIFO, and does not support port= and trust=.
 */

#include "esx_auth_file.h"

#include <string.h>

#include "base_file.h"
#include "base_hash.h"
#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"

#define PORT_MAX 65535

/* In this order; no other driver reads the first. */
static const char *const services[] = { "esxstorage", "esx" };

void
esxAuthEntryFree(EsxAuthEntry *entry)
{
    if (!entry)
        return;

    g_free(entry->section);
    g_free(entry->similar);
    g_free(entry->userName);
    secretFree(entry->password);
    g_free(entry);
}

/* The auth file: as parsed by GLib, and its text, in which a key may be repeated. */
typedef struct {
    GKeyFile *keys;
    char *text;
    gsize length;
} AuthFile;

static void
authFileClear(AuthFile *file)
{
    g_clear_pointer(&file->keys, g_key_file_unref);
    if (file->text)
        explicit_bzero(file->text, file->length);
    g_clear_pointer(&file->text, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AuthFile, authFileClear)

/* GLib's own messages are not used: they quote lines, which may contain a password. */
static gboolean
loadKeyFile(AuthFile *file, const char *path, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *name = textQuoteName(path);

    if (!fileRead(path, &file->text, &file->length, &reason)) {
        textToError(error, ESX_ERROR,
                    fileErrorIsShort(reason) ? ESX_ERROR_SYSTEM : ESX_ERROR_AUTH,
                    "the auth file '%s' cannot be read: %s", name, reason->message);
        return FALSE;
    }

    file->keys = g_key_file_new();
    if (!memchr(file->text, '\0', file->length) &&
        g_key_file_load_from_data(file->keys, file->text, file->length, G_KEY_FILE_NONE, NULL))
        return TRUE;

    textToError(error, ESX_ERROR, ESX_ERROR_AUTH,
                "the auth file '%s' does not consist of [sections] and NAME=VALUE lines", name);
    return FALSE;
}

/* The section for @host. Returns: (transfer full), or NULL. */
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
            /* A host may have the name "default"; it has no section of its own. */
            *ret_isOwn = i == 0 && !g_str_equal(host, "default");
            return g_steal_pointer(&section);
        }
    }
    return NULL;
}

/* Whether @section is auth-SERVICE-HOST of @host, except for case, a port or a final dot. */
static gboolean
isSimilar(const char *section, const char *host)
{
    /* The last two are schemes, not services. */
    static const char *const almost[] = { "esxstorage", "esx", "vpx", "gsx" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(almost); i++) {
        g_autofree char *name = g_strdup_printf("auth-%s-%s", almost[i], host);
        const size_t length = strlen(name);

        if (g_ascii_strncasecmp(section, name, length) == 0 && strchr(":.", section[length]))
            return TRUE;
    }
    return FALSE;
}

/* Returns: (transfer full) a section that is not used, but may be meant for @host; or NULL. */
static char *
findSimilar(GKeyFile *file, const char *host)
{
    g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);
    size_t i;

    for (i = 0; groups[i]; i++) {
        if (isSimilar(groups[i], host))
            return g_strdup(groups[i]);
    }
    return NULL;
}

/* An error in the sections; @value is not that of a credential. */
static gboolean
refuseSection(GError **error, const char *section, const char *what)
{
    g_autofree char *name = textQuote(section, -1);

    textToError(error, ESX_ERROR, ESX_ERROR_AUTH, "the section [%s] of the auth file %s", name,
                what);
    return FALSE;
}

static gboolean
takeTrust(GKeyFile *file, const char *section, gboolean *fixed, GError **error)
{
    g_autofree char *trust = g_key_file_get_string(file, section, "trust", NULL);

    if (!trust && g_key_file_has_key(file, section, "trust", NULL))
        return refuseSection(error, section, "has a trust= value that is not text");
    if (trust && !g_str_equal(trust, "fixed") && !g_str_equal(trust, "free"))
        return refuseSection(error, section, "has a trust= value other than 'fixed' and 'free'");

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
        return refuseSection(error, section, "has a port= value that is not a number from 1 to "
                             "65535");
    if (*port != 0 && *port != number)
        return refuseSection(error, section, "has a port= value that differs from that of the "
                                             "section that names it");

    *port = (guint)number;
    return TRUE;
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* The keys of a section. A misspelt one is not used. */
static const char *const known[] = { "credentials", "username", "password", "port", "trust" };

/* A part of the file's text. */
typedef struct {
    const char *at;
    size_t length;
} Piece;

/* One line NAME=VALUE. */
typedef struct {
    Piece section;
    Piece key;
    Piece value;
} Line;

static Piece
stripPiece(Piece piece)
{
    while (piece.length > 0 && g_ascii_isspace(*piece.at)) {
        piece.at++;
        piece.length--;
    }
    while (piece.length > 0 && g_ascii_isspace(piece.at[piece.length - 1]))
        piece.length--;
    return piece;
}

static gboolean
pieceIs(Piece piece, const char *text)
{
    return strlen(text) == piece.length && memcmp(piece.at, text, piece.length) == 0;
}

/* Parses the next NAME=VALUE from @left on, by GLib's rules; @line keeps the section. */
static gboolean
nextLine(Piece *left, Line *line)
{
    while (left->length > 0) {
        const char *feed = memchr(left->at, '\n', left->length);
        size_t length = feed ? (size_t)(feed - left->at) : left->length;
        Piece whole = stripPiece((Piece){ left->at, length });
        const char *mark;

        left->at += length + (feed != NULL);
        left->length -= length + (feed != NULL);
        if (whole.length == 0 || *whole.at == '#')
            continue;
        mark = memchr(whole.at, *whole.at == '[' ? ']' : '=', whole.length);
        if (!mark)
            continue;
        if (*whole.at == '[') {
            line->section = (Piece){ whole.at + 1, (size_t)(mark - whole.at) - 1 };
            continue;
        }
        line->key = stripPiece((Piece){ whole.at, (size_t)(mark - whole.at) });
        line->value = stripPiece((Piece){ mark + 1, whole.length - (size_t)(mark + 1 - whole.at) });
        return TRUE;
    }
    return FALSE;
}

/*
 * The known key that @key is, or is meant to be: compares letters, in any case, up to a locale in
 * brackets. Returns: NULL if there is none.
 */
static const char *
meaningOf(Piece key)
{
    char letters[16] = "";
    size_t n = 0;
    size_t i;

    for (i = 0; i < key.length && key.at[i] != '['; i++) {
        if (!g_ascii_isalpha(key.at[i]))
            continue;
        if (n == sizeof(letters) - 1)
            return NULL;
        letters[n++] = g_ascii_tolower(key.at[i]);
    }
    for (i = 0; i < G_N_ELEMENTS(known); i++) {
        if (g_str_equal(letters, known[i]))
            return known[i];
    }
    return NULL;
}

/*
 * The set of sections that use the credentials @name, including the section of the credentials: the
 * password is protected, whichever section leads to it.
 */
static GHashTable *
findSections(const AuthFile *file, const char *name)
{
    GHashTable *sections = g_hash_table_new_full(hashText, g_str_equal, g_free, NULL);
    Piece left = { file->text, file->length };
    Line line = { 0 };

    g_hash_table_add(sections, g_strdup_printf("credentials-%s", name));
    while (nextLine(&left, &line)) {
        g_autofree char *section = g_strndup(line.section.at, line.section.length);
        g_autofree char *read = NULL;

        if (g_strcmp0(meaningOf(line.key), "credentials") != 0)
            continue;
        /* The raw text, and as parsed by GLib, for which \s is a blank. */
        read = g_key_file_get_string(file->keys, section, "credentials", NULL);
        if (pieceIs(line.value, name) || g_strcmp0(read, name) == 0)
            g_hash_table_add(sections, g_steal_pointer(&section));
    }
    return sections;
}

/* Whether @line, of a relevant section, has the value that GLib reads; @seen: values by key. */
static gboolean
checkLine(const Line *line, const char *section, GHashTable *seen, GError **error)
{
    const char *meaning = meaningOf(line->key);
    g_autofree char *key = g_strndup(line->key.at, line->key.length);
    g_autofree char *place = g_strdup_printf("%s]%s", section, key);
    g_autofree char *what = NULL;
    const Line *before = NULL;

    /* Only trust can be "fixed". */
    if (!meaning && pieceIs(line->value, "fixed"))
        meaning = "trust";
    if (!meaning)
        return TRUE;
    if (!g_str_equal(key, meaning)) {
        what = textFormat("has the unknown key '%s'; it must be '%s'", key,
                          meaning);
        return refuseSection(error, section, what);
    }

    before = g_hash_table_lookup(seen, place);
    if (!before) {
        g_hash_table_insert(seen, g_steal_pointer(&place), g_memdup2(line, sizeof(*line)));
        return TRUE;
    }
    if (before->value.length == line->value.length &&
        memcmp(before->value.at, line->value.at, line->value.length) == 0)
        return TRUE;
    what = textFormat("has the key '%s' twice, with different values; remove one", key);
    return refuseSection(error, section, what);
}

/*
 * If a key is repeated, GLib uses the last one, also across repeated sections, and it does not find
 * a misspelt key: a trust=fixed would be lost.
 */
static gboolean
checkLines(const AuthFile *file, GHashTable *sections, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(hashText, g_str_equal, g_free, g_free);
    Piece left = { file->text, file->length };
    Line line = { 0 };

    while (nextLine(&left, &line)) {
        g_autofree char *section = g_strndup(line.section.at, line.section.length);

        if (g_hash_table_contains(sections, section) && !checkLine(&line, section, seen, error))
            return FALSE;
    }
    return TRUE;
}

/* Whether any of @sections has trust=fixed. */
static gboolean
takeTrustOfAll(const AuthFile *file, GHashTable *sections, gboolean *fixed, GError **error)
{
    GHashTableIter iter;
    gpointer section;

    g_hash_table_iter_init(&iter, sections);
    while (g_hash_table_iter_next(&iter, &section, NULL)) {
        if (!takeTrust(file->keys, section, fixed, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- values ---------------------------------------------------------------------------------- */

/*
 * GLib reads \s, \n, \t and \r as characters, so that DOMAIN\svc would be another account. Only
 * blanks at the ends of a name need such a sequence, and no account has them.
 */
static gboolean
takeUserName(GKeyFile *file, const char *section, EsxAuthEntry *entry, GError **error)
{
    g_autofree char *written = g_key_file_get_value(file, section, "username", NULL);
    const char *at = NULL;

    if (!written)
        return TRUE;
    for (at = written; (at = strchr(at, '\\')); at += at[1] ? 2 : 1) {
        if (at[1] && strchr("sntr", at[1]))
            return refuseSection(error, section, "has a username= in which a backslash and the "
                                 "letter behind it are read as one character; write \\\\ for a "
                                 "backslash");
    }
    entry->userName = g_key_file_get_string(file, section, "username", NULL);
    if (!entry->userName)
        return refuseSection(error, section, "has a username= that is not UTF-8");
    return TRUE;
}

/* Copied by GLib; its copy is erased here, the one within the key file is not. */
static gboolean
takePassword(GKeyFile *file, const char *section, EsxAuthEntry *entry, GError **error)
{
    char *password = g_key_file_get_string(file, section, "password", NULL);
    g_autofree char *what = NULL;

    if (password && *password) {
        entry->password = secretNew(password);
    } else if (g_key_file_has_key(file, section, "password", NULL)) {
        what = textFormat("has a password= that %s, and [%s] uses it; add the password, or remove "
                          "the line to be asked for it",
                          password ? "is empty" : "is not UTF-8", entry->section);
        refuseSection(error, section, what);
    }
    secretEraseFree(password);
    return !what;
}

static gboolean
fillEntry(const AuthFile *file, EsxAuthEntry *entry, GError **error)
{
    g_autofree char *name = g_key_file_get_string(file->keys, entry->section, "credentials", NULL);
    g_autofree char *section = g_strdup_printf("credentials-%s", name ? name : "");
    g_autoptr(GHashTable) sections = findSections(file, name ? name : "");

    g_hash_table_add(sections, g_strdup(entry->section));
    if (!checkLines(file, sections, error))
        return FALSE;
    if (!name)
        return refuseSection(error, entry->section, "has no credentials=");
    if (!g_key_file_has_group(file->keys, section))
        return refuseSection(error, section, "is missing, but another section names it with "
                             "credentials=");

    if (!takePort(file->keys, entry->section, &entry->port, error) ||
        !takePort(file->keys, section, &entry->port, error) ||
        !takeTrustOfAll(file, sections, &entry->isFixed, error))
        return FALSE;

    return takeUserName(file->keys, section, entry, error) &&
           takePassword(file->keys, section, entry, error);
}

EsxAuthEntry *
esxAuthFileLookup(const char *path, const char *host, GError **error)
{
    g_autoptr(EsxAuthEntry) entry = g_new0(EsxAuthEntry, 1);
    g_auto(AuthFile) file = { 0 };

    if (!path)
        return g_steal_pointer(&entry);

    if (!loadKeyFile(&file, path, error))
        return NULL;

    entry->section = findSection(file.keys, host, &entry->isOwn);
    if (!entry->section)
        entry->similar = findSimilar(file.keys, host);
    if (entry->section && !fillEntry(&file, entry, error))
        return NULL;
    return g_steal_pointer(&entry);
}
