/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * Every ceiling of the driver, in one place. A server is not trusted: whatever it sends is read
 * until one of these is reached and no further. Each has a test that reaches it.
 */

/* One SOAP reply, after decompression. vCenter worlds of 2,000 datastores stay below 32 MiB. */
#define LIMIT_REPLY_BYTES (64 * 1024 * 1024)

/* Nesting of elements in a reply; real replies stay below 20. */
#define LIMIT_REPLY_DEPTH 64

/* Elements of one reply. ESX itself refuses more than 500,000 in a request. */
#define LIMIT_REPLY_ELEMENTS 4000000

/* One tag, comment or processing instruction, within the step the reply is read in. */
#define LIMIT_REPLY_MARKUP (64 * 1024)

/* Attributes and namespaces of one tag; VI writes three at most, other servers a few more. */
#define LIMIT_REPLY_ATTRIBUTES 64

/* Text of one element. */
#define LIMIT_REPLY_TEXT (1024 * 1024)

/* Memory one decoded reply may take in its arena. */
#define LIMIT_ARENA_BYTES ((size_t)256 * 1024 * 1024)

/* What is kept of a reply that is no SOAP, to quote it in an error message. */
#define LIMIT_QUOTED_BYTES 200

/* Pages of one retrieval, and truncated updates drained in one go. */
#define LIMIT_PAGES 4096

/* Traversal steps and objects of the inventory. */
#define LIMIT_INVENTORY_OBJECTS 100000

/* Bytes of one HTTP header line, and header lines of one reply. */
#define LIMIT_HEADER_BYTES (16 * 1024)
#define LIMIT_HEADER_LINES 200

/* A datastore path; VMFS and NFS names stay far below. */
#define LIMIT_DATASTORE_PATH 4096

/* Bytes of one part of a path: VMFS, NFS and vSAN alike. */
#define LIMIT_NAME_PART 255
