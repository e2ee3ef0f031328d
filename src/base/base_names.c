/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_names.h"

#include <string.h>

#include "base_limits.h"

/* Returns: the last bracket before @before that can end the datastore's name, or NULL. */
static const char *
lastBracket(const char *text, const char *before)
{
    size_t length = MIN(before ? (size_t)(before - text) : strlen(text),
                        (size_t)LIMIT_NAME_BYTES + 2);
    const char *close = text[0] == '[' ? memrchr(text, ']', length) : NULL;

    return close && close > text + 1 ? close : NULL;
}

/* Returns: what follows the datastore's name that ends at @close. */
static const char *
behindBracket(const char *close)
{
    return close[1] == ' ' ? close + 2 : close + 1;
}

const char *
nameSkipDatastore(const char *text, const char *datastore)
{
    const size_t length = datastore ? strlen(datastore) : 0;
    const char *close = text[0] == '[' ? strchr(text, ']') : NULL;

    if (length > 0 && text[0] == '[' && strncmp(text + 1, datastore, length) == 0 &&
        text[1 + length] == ']')
        return behindBracket(text + 1 + length);
    return close && close > text + 1 ? behindBracket(close) : NULL;
}

const char *
nameSplitDatastorePath(const char *text, const char *before, char **ret_datastore, char **ret_path)
{
    const char *close = lastBracket(text, before);

    if (!close)
        return NULL;
    *ret_datastore = g_strndup(text + 1, (gsize)(close - text - 1));
    *ret_path = g_strdup(behindBracket(close));
    return close;
}

const char *
nameSkipBlanks(const char *path)
{
    return path + strspn(path, " ");
}

char *
nameJoinDatastorePath(const char *datastore, const char *path)
{
    return g_strdup_printf("[%s] %s", datastore, path);
}

/* ---- files that are not volumes ------------------------------------------------------------- */

static const char *
nameLastPart(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* Whether @text, of @length bytes, ends with the ASCII text @ending, in any case. */
static gboolean
nameEndsWith(const char *text, size_t length, const char *ending)
{
    size_t wanted = strlen(ending);

    return length >= wanted && g_ascii_strncasecmp(text + length - wanted, ending, wanted) == 0;
}

/*
 * Whether @text, of @length bytes, ends like the parts of a disk split into files of 2 GB: "-s001",
 * "-f001".
 */
static gboolean
nameEndsNumbered(const char *text, size_t length)
{
    size_t digits = 0;

    while (digits < length && g_ascii_isdigit(text[length - 1 - digits]))
        digits++;
    return digits >= 3 && (nameEndsWith(text, length - digits, "-s") ||
                           nameEndsWith(text, length - digits, "-f"));
}

gboolean
nameIsExtent(const char *name)
{
    static const char *const endings[] = {
        "-flat", "-delta", "-sesparse", "-ctk", "-rdm", "-rdmp",
    };
    static const char disk[] = ".vmdk";
    size_t length = strlen(name);
    size_t i;

    if (!nameEndsWith(name, length, disk))
        return FALSE;

    length -= strlen(disk);
    for (i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (nameEndsWith(name, length, endings[i]))
            return TRUE;
    }
    return nameEndsNumbered(name, length);
}

gboolean
nameIsHidden(const char *path, size_t length)
{
    return length > 0 && (path[0] == '.' || g_strstr_len(path, (gssize)length, "/."));
}

gboolean
nameIsHostsOwn(const char *name)
{
    static const char *const endings[] = {
        ".vmx", ".vmx~", ".vmxf", ".vmsd", ".vmsn", ".vmss", ".vmem", ".vswp", ".nvram", ".log",
        ".lck", ".vmtx", ".sf",
    };
    const char *last = nameLastPart(name);
    size_t i;

    if (nameIsHidden(name, strlen(name)))
        return TRUE;
    for (i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (nameEndsWith(last, strlen(last), endings[i]))
            return TRUE;
    }
    return FALSE;
}

/* ---- refused names -------------------------------------------------------------------------- */

static gboolean
nameIsDots(const char *part, size_t length)
{
    return (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
}

/* Checks each part between slashes. */
static const char *
nameRefuseParts(const char *name)
{
    const char *part = name;

    while (part) {
        const char *slash = strchr(part, '/');
        size_t length = slash ? (size_t)(slash - part) : strlen(part);

        if (length == 0)
            return slash ? "has an empty component" : "ends with \"/\"";
        if (nameIsDots(part, length))
            return "has a component \".\" or \"..\"";
        if (length > LIMIT_NAME_PART)
            return "has a component of more than 255 bytes";
        part = slash ? slash + 1 : NULL;
    }
    return NULL;
}

static gboolean
nameHasControls(const char *name)
{
    const char *at;

    for (at = name; *at; at = g_utf8_next_char(at)) {
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return TRUE;
    }
    return FALSE;
}

const char *
nameRefusePath(const char *name)
{
    if (name[0] == '\0')
        return "is empty";
    if (strlen(name) > LIMIT_DATASTORE_PATH)
        return "is longer than 4096 bytes";
    if (!g_utf8_validate(name, -1, NULL))
        return "is not valid UTF-8";
    if (nameHasControls(name))
        return "contains a control character";
    if (name[0] == '/')
        return "begins with \"/\"";
    return nameRefuseParts(name);
}

const char *
nameRefuseVolume(const char *name)
{
    const char *refusal = nameRefusePath(name);

    if (refusal)
        return refusal;
    if (nameIsExtent(name))
        return "is reserved for an extent of a virtual disk";
    if (nameIsHostsOwn(name))
        return "is reserved for files of the host";
    return NULL;
}

char *
nameMakeTemporary(const char *name)
{
    g_autofree char *ending = g_strdup_printf(".upload-%08x", g_random_int());
    const char *last = nameLastPart(name);
    size_t room = LIMIT_NAME_PART - strlen(ending);
    const char *end = last + strlen(last);

    /* Go back to where there is room, and from there to the start of a character. */
    if ((size_t)(end - last) > room) {
        end = last + room;
        while (end > last && (*end & 0xc0) == 0x80)
            end--;
    }
    return g_strdup_printf("%.*s%s", (int)(end - name), name, ending);
}

/* ---- names and UUIDs as VI writes them ------------------------------------------------------ */

char *
nameUnescapeEntity(const char *name)
{
    static const struct {
        const char *escaped;
        char plain;
    } escapes[] = {
        { "%2f", '/' },
        { "%5c", '\\' },
        { "%25", '%' },
    };
    g_autoptr(GString) plain = g_string_sized_new(strlen(name));
    const char *at = name;

    while (*at) {
        size_t i;

        for (i = 0; i < G_N_ELEMENTS(escapes); i++) {
            if (g_ascii_strncasecmp(at, escapes[i].escaped, 3) == 0)
                break;
        }
        g_string_append_c(plain, i < G_N_ELEMENTS(escapes) ? escapes[i].plain : *at);
        at += i < G_N_ELEMENTS(escapes) ? 3 : 1;
    }
    return g_string_free(g_steal_pointer(&plain), FALSE);
}

void
nameFormatUuid(const guint8 uuid[16], char ret_text[37])
{
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;
    size_t i;

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = digits[uuid[i] >> 4];
        *out++ = digits[uuid[i] & 0xf];
    }
    *out = '\0';
}

gboolean
nameParseUuid(const char *text, guint8 ret_uuid[16])
{
    guint8 uuid[16] = { 0 };
    const char *at = text;
    size_t i;

    for (i = 0; i < 16; i++) {
        if (*at == '-' && (i == 4 || i == 6 || i == 8 || i == 10))
            at++;
        if (!g_ascii_isxdigit(at[0]) || !g_ascii_isxdigit(at[1]))
            return FALSE;
        uuid[i] = (guint8)(g_ascii_xdigit_value(at[0]) << 4 | g_ascii_xdigit_value(at[1]));
        at += 2;
    }
    if (*at != '\0')
        return FALSE;
    memcpy(ret_uuid, uuid, sizeof(uuid));
    return TRUE;
}

void
nameHashUuid(const char *text, guint8 ret_uuid[16])
{
    g_autoptr(GChecksum) md5 = g_checksum_new(G_CHECKSUM_MD5);
    gsize length = 16;

    g_checksum_update(md5, (const guchar *)text, (gssize)strlen(text));
    g_checksum_get_digest(md5, ret_uuid, &length);
}
