/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The end of a transfer. */

#include "esx_transfer.h"

void
esxTransferFree(EsxTransfer *transfer)
{
    if (!transfer)
        return;
    /* Before the struct is freed. */
    g_clear_pointer(&transfer->what, g_free);
    g_clear_pointer(&transfer->rest, g_free);
    g_clear_pointer(&transfer->audit, esxAuditFree);
    if (transfer->free)
        transfer->free(transfer);
    else
        g_free(transfer);
}
