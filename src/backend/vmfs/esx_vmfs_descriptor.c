/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Descriptors of virtual disks, from any writer. */

#include "esx_vmfs_descriptor.h"

#include <string.h>

#include "base_limits.h"
#include "base_names.h"
#include "base_text.h"
#include "esx_error.h"

#define MAGIC_TEXT "# Disk DescriptorFile"

/* Other programs write it before the text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define MAGIC_BINARY "KDMV"

/* The position of a hosted sparse disk's capacity in sectors: 8 bytes, little-endian. */
#define BINARY_CAPACITY 12

#define NO_PARENT "ffffffff"

/* ---- parts of a line ------------------------------------------------------------------------- */

static const char *
skipBlanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Takes the word at *@at; moves *@at past it and the blanks after it. Returns: (transfer full). */
static char *
takeWord(const char **at)
{
    size_t length = strcspn(*at, " \t");
    char *word = g_strndup(*at, length);

    *at = skipBlanks(*at + length);
    return word;
}

static gboolean
takeNumber(const char **at, guint64 *ret_number)
{
    g_autofree char *word = takeWord(at);

    return g_ascii_string_to_unsigned(word, 10, 0, G_MAXINT64, ret_number, NULL);
}

/* Takes a file's name. It ends at the last quote of the line: quotes in a name are not escaped. */
static gboolean
takeFile(const char **at, char **ret_file)
{
    const char *end = **at == '"' ? strrchr(*at, '"') : NULL;

    if (!end || end == *at)
        return FALSE;
    *ret_file = g_strndup(*at + 1, (gsize)(end - *at - 1));
    *at = skipBlanks(end + 1);
    return TRUE;
}

/* The value of "key = value", without its quotes. */
static char *
valueOf(const char *text)
{
    const char *start = skipBlanks(text);
    size_t length = strlen(start);

    if (length >= 2 && start[0] == '"' && start[length - 1] == '"')
        return g_strndup(start + 1, length - 2);
    return g_strdup(start);
}

static gboolean
isTrue(const char *value)
{
    return g_ascii_strcasecmp(value, "true") == 0 || g_ascii_strcasecmp(value, "yes") == 0 ||
           g_str_equal(value, "1");
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* A descriptor that is being parsed. */
typedef struct {
    EsxVmfsDescriptor *descriptor;
    GArray *extents;        /* EsxVmfsExtent */
} Reader;

static void
extentClear(gpointer data)
{
    EsxVmfsExtent *extent = data;

    g_free(extent->access);
    g_free(extent->type);
    g_free(extent->file);
}

static EsxVmfsExtentKind
kindOfDisk(const char *type)
{
    static const struct {
        const char *type;
        EsxVmfsExtentKind kind;
    } rows[] = {
        { "VMFS", ESX_VMFS_EXTENT_FLAT },
        { "FLAT", ESX_VMFS_EXTENT_FLAT },
        { "ZERO", ESX_VMFS_EXTENT_ZERO },
        { "SPARSE", ESX_VMFS_EXTENT_SPARSE },
        { "VMFSSPARSE", ESX_VMFS_EXTENT_SPARSE },
        { "SESPARSE", ESX_VMFS_EXTENT_SPARSE },
        { "VSANSPARSE", ESX_VMFS_EXTENT_SPARSE },
        { "VMFSRDM", ESX_VMFS_EXTENT_RAW },
        { "VMFSRAW", ESX_VMFS_EXTENT_RAW },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_ascii_strcasecmp(type, rows[i].type) == 0)
            return rows[i].kind;
    }
    return ESX_VMFS_EXTENT_OTHER;
}

/* Whether @line is that of an extent: its first word is an access. */
static gboolean
isExtent(const char *line)
{
    g_autofree char *word = takeWord(&line);

    return g_ascii_strcasecmp(word, "RW") == 0 || g_ascii_strcasecmp(word, "RDONLY") == 0 ||
           g_ascii_strcasecmp(word, "NOACCESS") == 0;
}

/* Reads the parts of an extent's line after its access. */
static gboolean
readExtentParts(const char *at, EsxVmfsExtent *extent)
{
    if (!takeNumber(&at, &extent->sectors))
        return FALSE;

    extent->type = takeWord(&at);
    extent->kind = kindOfDisk(extent->type);
    if (*extent->type == '\0')
        return FALSE;
    if (*at == '\0')
        return extent->kind == ESX_VMFS_EXTENT_ZERO;
    if (!takeFile(&at, &extent->file))
        return FALSE;
    /* A device has an identifier after its offset, which is not needed here. */
    return *at == '\0' || takeNumber(&at, &extent->offset);
}

static gboolean
readExtent(Reader *reader, const char *line)
{
    const guint64 most = G_MAXINT64 / ESX_VMFS_SECTOR;
    guint64 known = reader->descriptor->capacity / ESX_VMFS_SECTOR;
    EsxVmfsExtent extent = { 0 };
    const char *at = line;
    g_autofree char *access = takeWord(&at);

    extent.access = g_ascii_strup(access, -1);
    if (!readExtentParts(at, &extent) || extent.sectors > most - known || extent.offset > most) {
        extentClear(&extent);
        return FALSE;
    }
    reader->descriptor->capacity += extent.sectors * ESX_VMFS_SECTOR;
    g_array_append_val(reader->extents, extent);
    return TRUE;
}

/* The first value of a key counts. */
static void
keepValue(char **field, char **value)
{
    if (!*field)
        *field = g_steal_pointer(value);
}

static void
readValue(Reader *reader, const char *line)
{
    EsxVmfsDescriptor *descriptor = reader->descriptor;
    const char *equals = strchr(line, '=');
    g_autofree char *key = equals ? g_strndup(line, (gsize)(equals - line)) : NULL;
    g_autofree char *value = equals ? valueOf(equals + 1) : NULL;

    if (!key)
        return;
    g_strchomp(key);
    if (g_ascii_strcasecmp(key, "createType") == 0) {
        keepValue(&descriptor->createType, &value);
    } else if (g_ascii_strcasecmp(key, "parentFileNameHint") == 0) {
        descriptor->hasParent = TRUE;
        keepValue(&descriptor->parent, &value);
    } else if (g_ascii_strcasecmp(key, "parentCID") == 0) {
        descriptor->hasParent |= g_ascii_strcasecmp(value, NO_PARENT) != 0;
    } else if (g_ascii_strcasecmp(key, "ddb.adapterType") == 0) {
        keepValue(&descriptor->adapter, &value);
    } else if (g_ascii_strcasecmp(key, "ddb.uuid") == 0) {
        keepValue(&descriptor->uuid, &value);
    } else if (g_ascii_strcasecmp(key, "ddb.thinProvisioned") == 0) {
        descriptor->thin = isTrue(value);
    } else if (g_ascii_strcasecmp(key, "ddb.deletable") == 0) {
        descriptor->deletable = isTrue(value);
    }
}

static gboolean
readLines(Reader *reader, char **lines, GError **error)
{
    size_t i;

    for (i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);

        if (*line == '\0' || *line == '#')
            continue;
        if (!isExtent(line)) {
            readValue(reader, line);
        } else if (!readExtent(reader, line)) {
            textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                        "the descriptor of the disk is invalid: line %zu, '%s', does not describe "
                        "an extent", i + 1, line);
            return FALSE;
        }
    }
    if (reader->extents->len == 0) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                    "the descriptor of the disk is invalid: it names no file that holds the "
                    "contents");
        return FALSE;
    }
    return TRUE;
}

/* Whether @line is MAGIC_TEXT, in any case; other programs write "Descriptor File". */
static gboolean
isMagic(const char *line)
{
    const char *magic = MAGIC_TEXT;

    for (; *magic; magic++) {
        magic = skipBlanks(magic);
        line = skipBlanks(line);
        if (g_ascii_tolower(*line++) != g_ascii_tolower(*magic))
            return FALSE;
    }
    return TRUE;
}

/* Whether the first line of @text that is not blank says what it is. */
static gboolean
isDescriptor(const char *text)
{
    return isMagic(text + strspn(text, " \t\r\n"));
}

/* ---- descriptors ----------------------------------------------------------------------------- */

static void
readBinary(EsxVmfsDescriptor *descriptor, const char *bytes, size_t length)
{
    guint64 sectors = 0;

    descriptor->binary = TRUE;
    if (length < BINARY_CAPACITY + sizeof(sectors))
        return;
    memcpy(&sectors, bytes + BINARY_CAPACITY, sizeof(sectors));
    sectors = GUINT64_FROM_LE(sectors);
    if (sectors <= G_MAXINT64 / ESX_VMFS_SECTOR)
        descriptor->capacity = sectors * ESX_VMFS_SECTOR;
}

static gboolean
readText(EsxVmfsDescriptor *descriptor, const char *bytes, size_t length, GError **error)
{
    /* Bytes after a NUL are padding. */
    g_autofree char *text = g_strndup(bytes, length);
    const char *start = text + (g_str_has_prefix(text, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK)
                                                                        : 0);
    g_auto(GStrv) lines = g_strsplit(start, strchr(start, '\n') ? "\n" : "\r", -1);
    Reader reader = { .descriptor = descriptor };
    gboolean ok = FALSE;

    if (!isDescriptor(start)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                    "the file is not a descriptor of a virtual disk: it does not begin with '%s'",
                    MAGIC_TEXT);
        return FALSE;
    }
    reader.extents = g_array_new(FALSE, FALSE, sizeof(EsxVmfsExtent));
    ok = readLines(&reader, lines, error);
    descriptor->nextents = reader.extents->len;
    descriptor->extents = (EsxVmfsExtent *)(gpointer)g_array_free(reader.extents, FALSE);
    return ok;
}

EsxVmfsDescriptor *
esxVmfsDescriptorParse(const char *bytes, size_t length, GError **error)
{
    g_autoptr(EsxVmfsDescriptor) descriptor = g_new0(EsxVmfsDescriptor, 1);

    descriptor->deletable = TRUE;
    if (length >= strlen(MAGIC_BINARY) && memcmp(bytes, MAGIC_BINARY, strlen(MAGIC_BINARY)) == 0) {
        readBinary(descriptor, bytes, length);
    } else if (length > LIMIT_DESCRIPTOR_BYTES) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                    "the file is not a descriptor of a virtual disk: it is longer than %d bytes",
                    LIMIT_DESCRIPTOR_BYTES);
        return NULL;
    } else if (!readText(descriptor, bytes, length, error)) {
        return NULL;
    }
    if (!descriptor->createType)
        descriptor->createType = g_strdup(descriptor->binary ? "monolithicSparse" : "");
    return g_steal_pointer(&descriptor);
}

void
esxVmfsDescriptorFree(EsxVmfsDescriptor *descriptor)
{
    size_t i;

    if (!descriptor)
        return;
    for (i = 0; i < descriptor->nextents; i++)
        extentClear(&descriptor->extents[i]);
    g_free(descriptor->extents);
    g_free(descriptor->createType);
    g_free(descriptor->adapter);
    g_free(descriptor->uuid);
    g_free(descriptor->parent);
    g_free(descriptor);
}

/* ---- contents -------------------------------------------------------------------------------- */

#define ADVICE "clone the disk and use the clone"

static gboolean G_GNUC_PRINTF(2, 3)
refuseDisk(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    textToErrorV(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT, format, args);
    va_end(args);
    return FALSE;
}

/* Why @file is not the plain name of a file beside the descriptor; NULL: it is. */
static const char *
refuseName(const char *file)
{
    const char *at;

    if (!g_utf8_validate(file, -1, NULL))
        return "whose name is not UTF-8";
    for (at = file; *at; at = g_utf8_next_char(at)) {
        if (g_unichar_iscntrl(g_utf8_get_char(at)))
            return "whose name has a control character";
    }
    if (*file == '\0' || strchr(file, '/') || g_str_equal(file, ".") || g_str_equal(file, ".."))
        return "which is not in the folder of the disk";
    return NULL;
}

static gboolean
checkExtent(const EsxVmfsDescriptor *descriptor, const EsxVmfsExtent *extent, GError **error)
{
    const char *reason = NULL;

    switch (extent->kind) {
    case ESX_VMFS_EXTENT_RAW:
        return refuseDisk(error, "the disk is a raw device mapping (%s): its contents are on a "
                          "LUN, not in a file of the datastore; " ADVICE, descriptor->createType);
    case ESX_VMFS_EXTENT_SPARSE:
        return refuseDisk(error, "the disk is of the sparse type '%s', whose file is not an image "
                                 "of its contents; " ADVICE, descriptor->createType);
    case ESX_VMFS_EXTENT_ZERO:
    case ESX_VMFS_EXTENT_OTHER:
        return refuseDisk(error, "the disk has an extent of the type '%s', which is not an image "
                                 "of its contents; " ADVICE, extent->type);
    case ESX_VMFS_EXTENT_FLAT:
        break;
    }
    if (!extent->file || g_str_equal(extent->access, "NOACCESS"))
        return refuseDisk(error, "the disk has an extent that the host may not read");
    if (strstr(extent->file, "://"))
        return refuseDisk(error, "the contents of the disk are in a storage object ('%s'), not in "
                                 "a file of the datastore; clone the disk to a VMFS or NFS "
                                 "datastore and use the clone", extent->file);
    reason = refuseName(extent->file);
    if (reason)
        return refuseDisk(error, "the descriptor of the disk names the file '%s', %s; " ADVICE,
                          extent->file, reason);
    if (!nameIsExtent(extent->file))
        return refuseDisk(error, "the descriptor of the disk names '%s' as its contents, which is "
                                 "not the name of an extent: the file belongs to something else; "
                                 ADVICE, extent->file);
    return TRUE;
}

gboolean
esxVmfsDescriptorCheckFlat(const EsxVmfsDescriptor *descriptor, GError **error)
{
    size_t i;

    if (descriptor->binary)
        return refuseDisk(error, "the disk is of the sparse type '%s', whose file is not an image "
                                 "of its contents; " ADVICE, descriptor->createType);
    if (descriptor->hasParent)
        return refuseDisk(error, "the disk is a snapshot%s%s%s: its file holds only the changes "
                                 "since then; " ADVICE,
                          descriptor->parent ? " of '" : "",
                          descriptor->parent ? descriptor->parent : "",
                          descriptor->parent ? "'" : "");
    for (i = 0; i < descriptor->nextents; i++) {
        if (!checkExtent(descriptor, &descriptor->extents[i], error))
            return FALSE;
    }
    if (descriptor->capacity == 0)
        return refuseDisk(error, "the descriptor of the disk gives it no capacity");
    return TRUE;
}
