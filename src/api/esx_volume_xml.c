/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Parses the XML of a new volume. */

#include "esx_volume_xml.h"

void
esxVolumeXmlClear(EsxVolumeXml *xml)
{
    g_clear_pointer(&xml->def, virStorageVolDefFree);
}

/* libvirt's parser sets a default format if the XML has none. */
static bool
hasFormat(xmlXPathContextPtr context)
{
    return virXPathNode("./target/format/@type", context) != NULL;
}

/* See the header: the check of libvirt, except for slashes in the name. */
static int
validateName(xmlDocPtr document, xmlXPathContextPtr context)
{
    xmlNodePtr name = virXPathNode("./name", context);
    g_autofree char *text = virXPathString("string(./name)", context);

    if (name && text) {
        g_autofree xmlChar *escaped = NULL;

        g_strdelimit(text, "/", '_');
        escaped = xmlEncodeSpecialChars(document, BAD_CAST text);
        xmlNodeSetContent(name, escaped);
    }
    return virXMLValidateAgainstSchema(ESX_LIBVIRT_SCHEMAS "/storagevol.rng", document);
}

int
esxVolumeXmlParse(virStoragePoolDef *poolDef, const char *text, bool isClone, unsigned int flags,
                  EsxVolumeXml *ret_xml)
{
    g_autoptr(xmlXPathContext) context = NULL;
    g_autoptr(xmlDoc) document = virXMLParseStringCtxt(text, "(volume_definition)", &context);
    g_autoptr(virStorageVolDef) def = NULL;
    int format;

    if (!document)
        return -1;

    def = virStorageVolDefParse(poolDef, text, NULL, isClone ? VIR_VOL_XML_PARSE_NO_CAPACITY : 0);
    if (!def)
        return -1;
    g_clear_pointer(&def->key, g_free);

    format = hasFormat(context) ? def->target.format : VIR_STORAGE_FILE_NONE;
    if ((flags & VIR_STORAGE_VOL_CREATE_VALIDATE) && validateName(document, context) < 0)
        return -1;

    ret_xml->spec = (EsxVolumeSpec) {
        .name = def->name,
        .format = format,
        .capacity = def->target.capacity,
        .allocation = def->target.allocation,
        .preallocate = (flags & VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA) != 0,
    };
    ret_xml->def = g_steal_pointer(&def);
    return 0;
}
