/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "upload_fixture.h"

EsxTransfer *
uploadBegin(Memory *memory, const char *name, guint64 length)
{
    const EsxVolume volume = memoryVolume(name);
    g_autoptr(GError) error = NULL;
    EsxTransfer *transfer =
        esxVmfsUpload(memory->connection, memory->pool, &volume, 0, length, &error);

    g_assert_no_error(error);
    g_assert_true(transfer->isUpload);
    return transfer;
}

void
uploadAll(Running *running, EsxTransfer *transfer, GBytes *bytes)
{
    gsize length = 0;
    const char *data = g_bytes_get_data(bytes, &length);

    runningStart(running, transfer);
    runningWrite(running, data, length);
    esxPipeEnd(running->pipe);
    runningJoin(running);
}

void
uploadAssertSent(Memory *memory, const char *method, const char *phrase)
{
    fixtureAssertPhrase(cannedLast(memory->canned, method)->body, phrase);
}
