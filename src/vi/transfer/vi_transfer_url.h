/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer.h"

/*
 * Addresses of files: "/folder/PATH?dcPath=DATACENTER&dsName=DATASTORE". PATH is percent-encoded
 * once, except '/'. How often dcPath and dsName are encoded depends on how often the server decodes
 * them: real servers twice, vcsim once. Letters, digits, and "-._~" are not encoded, and in dcPath
 * '/' is not either, so plain names have only one spelling.
 */
typedef enum {
    VI_SPELLING_TWICE,
    VI_SPELLING_ONCE,
    VI_SPELLING_UNKNOWN,    /* encoded as for TWICE */
} ViSpelling;

/* Returns: (transfer full) the address of @file. */
char *viTransferUrl(const ViFile *file, ViSpelling spelling);

/* Returns: (transfer full) the address of the root folder of @file's datastore. */
char *viTransferUrlOfRoot(const ViFile *file, ViSpelling spelling);

/* Whether the two spellings of @file differ. */
gboolean viTransferUrlDiffers(const ViFile *file);

/* Returns: (transfer full) @host in an address: IPv6 gets brackets, port 443 is omitted. */
char *viTransferUrlAuthority(const char *host, guint port);

/*
 * Splits "host", "host:port", "1.2.3.4", "fe80::1", "[fe80::1]" or "[fe80::1]:port". The default
 * port is 443.
 *
 * Returns: FALSE if @text is none of these, or longer than LIMIT_NAME_BYTES; then nothing is
 * written.
 */
gboolean viTransferUrlSplitHost(const char *text, char **ret_host, guint *ret_port);
