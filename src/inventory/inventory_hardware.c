/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Hardware of hosts, from their summaries. */

#include "inventory_hardware.h"

#include <string.h>

#include "base_limits.h"
#include "inventory_spec.h"
#include "vi_collector.h"
#include "vi_property.h"

/* Returns: a number of any width, or 0 if there is none or it is negative. */
static guint64
numberOf(const SoapAny *any)
{
    gint64 number = 0;

    if (any && !any->isArray && any->kind == SOAP_KIND_INT)
        number = any->value.i32;
    else if (any && !any->isArray && any->kind == SOAP_KIND_LONG)
        number = any->value.i64;
    return (guint64)MAX(number, 0);
}

static void
addHardwareProperty(InventoryHardware *hardware, const VimDynamicProperty *property)
{
    const char *name = property->name ? strrchr(property->name, '.') : NULL;
    const char *text = viAnyString(property->val);
    guint64 number = numberOf(property->val);

    if (g_strcmp0(name, ".cpuModel") == 0 && !hardware->cpuModel && text &&
        strlen(text) <= LIMIT_NAME_BYTES)
        hardware->cpuModel = g_strdup(text);
    else if (g_strcmp0(name, ".cpuMhz") == 0 && hardware->mhz == 0)
        hardware->mhz = (guint)number;
    else if (g_strcmp0(name, ".memorySize") == 0)
        hardware->memoryBytes += number;
    else if (g_strcmp0(name, ".numCpuPkgs") == 0)
        hardware->packages += (guint)number;
    else if (g_strcmp0(name, ".numCpuCores") == 0)
        hardware->cores += (guint)number;
    else if (g_strcmp0(name, ".numCpuThreads") == 0)
        hardware->threads += (guint)number;
}

InventoryHardware *
inventoryHardwareNew(ViSession *session, const InventoryScope *scope, GError **error)
{
    g_autoptr(InventorySpec) spec = inventorySpecNewHardware(session, scope);
    g_autoptr(ViObjects) objects = viCollectorRetrieve(session, inventorySpecFilter(spec), error);
    InventoryHardware *hardware = NULL;
    guint i;
    size_t j;

    if (!objects)
        return NULL;

    hardware = g_new0(InventoryHardware, 1);
    for (i = 0; i < objects->objects->len; i++) {
        const VimObjectContent *object = g_ptr_array_index(objects->objects, i);

        for (j = 0; j < object->n_propSet; j++)
            addHardwareProperty(hardware, object->propSet[j]);
    }
    return hardware;
}

void
inventoryHardwareFree(InventoryHardware *hardware)
{
    if (!hardware)
        return;

    g_free(hardware->cpuModel);
    g_free(hardware);
}
