/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * The ceilings on what a server, a client, a URI or a file can make this process read, keep or wait
 * for. A server is not trusted: what it sends is read until one of these is reached and no further.
 * Each has a test that reaches it (lint). Numbers of tries, pauses and sizes of buffers stand
 * beside what uses them.
 */

/*
 * Names and keys of one list of volumes in a daemon, which sends them in one message of libvirt's
 * protocol (VIR_NET_MESSAGE_MAX, 32 MiB). It has them twice until then.
 */
#define LIMIT_LIST_BYTES ((size_t)30 * 1024 * 1024)

/* One SOAP reply, after decompression. vCenter worlds of 2,000 datastores stay below 32 MiB. */
#define LIMIT_REPLY_BYTES (64 * 1024 * 1024)

/* Nesting of elements in a reply; real replies stay below 20. */
#define LIMIT_REPLY_DEPTH 64

/* Elements of one reply. ESX itself refuses more than 500,000 in a request. */
#define LIMIT_REPLY_ELEMENTS 4000000

/*
 * Different names of elements, attributes and namespaces in one reply: the parser looks each up in
 * a table that gets slow when it is full. Replies of real servers have a few hundred.
 */
#define LIMIT_REPLY_NAMES 16384

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

/*
 * The name of a file that stays, in a message: three quarters of a longer one are its end, which
 * has the last part whole (LIMIT_NAME_PART).
 */
#define LIMIT_LEFT_NAME_BYTES 400

/* Pages of one retrieval, and truncated updates drained in one go. */
#define LIMIT_PAGES 4096

/* All pages of one retrieval together, and all truncated updates drained in one go: bytes that came
   in, after decompression. */
#define LIMIT_WHOLE_MIB 64
#define LIMIT_WHOLE_BYTES ((size_t)LIMIT_WHOLE_MIB * 1024 * 1024)

/* What takes several requests (pages, attempts, a session renewed in between) may take so many
   times what one request may (the URI's `timeout`). */
#define LIMIT_WHOLE_TIMEOUTS 3

/*
 * How often the reading of contents may be interrupted on so many bytes: by a connection that
 * breaks (VI_TRANSFER_TRIES is for those in a row that brought nothing), by a part that is shorter
 * than the one asked for. A silence counts for three. Else a server that cuts each reply after one
 * byte would get as many connections from one download as the file has bytes.
 */
#define LIMIT_BREAKS 16
#define LIMIT_BREAKS_BYTES (1024 * 1024)

/*
 * A client that sends nothing of an upload, or takes nothing of a download, is waited for so many
 * times as long as a silent server is (the URI's `stall_timeout`, 60 s where it says nothing): it
 * may have to change a tape. It holds a volume, a thread and a connection of the host meanwhile.
 */
#define LIMIT_CLIENT_SILENCES 10

/*
 * What is read of a refused request for a file: its body to the end, for the connection's sake,
 * unless it is longer than the first; the second is kept for the message.
 */
#define LIMIT_REFUSAL_BYTES (64 * 1024)
#define LIMIT_REFUSAL_KEPT 2000

/* A session that ends so often under one request for a file is none. */
#define LIMIT_SESSION_ENDS 5

/*
 * What is kept of an upload that is under way, for a server that wants a login first. It says so
 * before it has read the body, while the first of it is on its way.
 */
#define LIMIT_REPLAYED_BYTES (1024 * 1024)

/*
 * From a server that knows no ranges the beginning of a file has to be loaded to get at the rest;
 * no further than this.
 */
#define LIMIT_SKIPPED_BYTES ((guint64)256 * 1024 * 1024)

/* Hosts of a datastore that are looked at for a ticket; the first that fits will do. */
#define LIMIT_TICKET_HOSTS 64

/* Runs of data and holes in a pipe; see esx_pipe.c. */
#define LIMIT_PIPE_RUNS 4094

/* Names shown of one certificate, and characters shown of one name. */
#define LIMIT_CERTIFICATE_NAMES 4
#define LIMIT_CERTIFICATE_NAME_BYTES 64

/* A text that is longer is no number. */
#define LIMIT_NUMBER_BYTES 64

/* Traversal steps and objects of the inventory. */
#define LIMIT_INVENTORY_OBJECTS 100000

/* Folders in each other, and parts of an inventory path. */
#define LIMIT_INVENTORY_DEPTH 64

/* Bytes of one HTTP header line, and header lines of one reply. */
#define LIMIT_HEADER_BYTES (16 * 1024)
#define LIMIT_HEADER_LINES 200

/*
 * How long what a server sends may be. One rule for all of it:
 *
 *   - A text is compared with its limit before it is copied, joined, split or kept.
 *   - What has a name longer than its limit (a datastore, a volume, a LUN, a portal) is left out,
 *     and one warning in the log counts what a listing has left out.
 *   - A text without which its owner is still itself (an alias, a mount path, the name of a host)
 *     counts as not set when it is longer.
 *   - In the answer to one question (a ticket, a descriptor, a token) it is an error that names
 *     the limit.
 *   - Nothing is cut and then used; only what is quoted in a message is cut.
 */

/*
 * Names and what stands for them: of datastores, datacenters, hosts, pools, portals, adapters and
 * LUNs, IQNs, aliases, values of references, keys, tokens, versions, and the names people gave
 * folders. VI names have at most 80 characters, each of up to 4 bytes and some escaped; IQNs have
 * 223 bytes.
 */
#define LIMIT_NAME_BYTES 1024

/*
 * Paths: of a file below its datastore, of a datacenter ("Folder/DC"), of a mount or an export, and
 * URLs of datastores. VMFS and NFS paths stay far below.
 */
#define LIMIT_DATASTORE_PATH 4096

/*
 * Folders above a file whose friendly names are looked at. Hosts give such names to the first level
 * only.
 */
#define LIMIT_FRIENDLY_LEVELS 8

/* Bytes of one part of a path: VMFS, NFS and vSAN alike. */
#define LIMIT_NAME_PART 255

/* The URL of a ticket, its cookie, and the cookie of a session. */
#define LIMIT_TICKET_BYTES 4096

/*
 * The descriptor of a virtual disk. Real ones have a few hundred bytes, and one line more for each
 * part of a disk of many.
 */
#define LIMIT_DESCRIPTOR_BYTES (64 * 1024)

/* A message: libvirt's buffer for one, without its NUL. What is longer is cut by it unseen. */
#define LIMIT_MESSAGE_BYTES 1023

/* Properties of one object; the filters of the driver ask for less than ten. */
#define LIMIT_OBJECT_PROPERTIES 64

/*
 * What is made from a reply of n bytes takes at most LIMIT_AMPLIFICATION * n + LIMIT_AMPLIFIED_BASE
 * bytes in all: its decoded arena, and the objects and the snapshot, or the list of volumes, made
 * from it. The arena may take LIMIT_DECODED of the factors, what is made from it LIMIT_DERIVED.
 * Replies of real servers stay below 4.
 */
#define LIMIT_AMPLIFICATION (LIMIT_DECODED + LIMIT_DERIVED)
#define LIMIT_DECODED 16
#define LIMIT_DERIVED 32
#define LIMIT_AMPLIFIED_BASE ((size_t)1024 * 1024)

/*
 * Memory of a reply that is kept as long as a session or a filter: what a server says it is. That
 * of a vCenter takes less than a tenth.
 */
#define LIMIT_KEPT_REPLY ((size_t)128 * 1024)

/*
 * The replies an inventory holds together, since each is kept as long as one of its values is the
 * latest. More is read again, and is an error when it is as much then.
 */
#define LIMIT_INVENTORY_BYTES ((size_t)256 * 1024 * 1024)

/*
 * Datastores of one login about which something is kept that is no part of the inventory: the list
 * of its volumes, the host its files go to. Of more, the ones used last. vCenter has 2,000.
 */
#define LIMIT_KEPT_DATASTORES 8192

/* The lists of volumes that one login keeps; a longer one is not kept. */
#define LIMIT_LISTINGS_BYTES ((size_t)256 * 1024 * 1024)

/* Listings of one server whose warning of what they left out is remembered, to be logged once. */
#define LIMIT_LEFT_OUT_LISTINGS 64

/* A file that a URI or the environment names: the authorities of cacert=, the auth file. */
#define LIMIT_FILE_BYTES (1024 * 1024)

/* Certificates in such a file; those of a system are 150. OpenSSL sorts them at each one more. */
#define LIMIT_FILE_CERTIFICATES 1024

/*
 * How long a change of a volume waits for another one of the same volume: long enough for a task
 * that makes, grows or deletes a disk, and short for a worker of libvirtd.
 */
#define LIMIT_CLAIM_WAIT_MS 10000

/* What a client's URI may have: a DNS name has 253 bytes, an account 256 at most. */
#define LIMIT_URI_HOST 255
#define LIMIT_URI_USER 256

/* Bytes of the value of one parameter of a URI, as PATH_MAX. */
#define LIMIT_URI_VALUE 4096

/* Unknown parameters of one URI that the log names; of more it gives the count. */
#define LIMIT_URI_WARNINGS 8

/*
 * Calls of clients that may not choose (esx_auth.h), opens among them, that wait for servers at a
 * time in one daemon, at all hosts together: each takes one of its workers while a host is silent.
 * A daemon begins with 5 (min_workers); that it makes more of them, up to 20, is not to be relied
 * on: where calls come faster than it takes them, it makes none. How long one more waits for its
 * turn; and, after one of them has waited in vain, for how long others do not wait.
 */
#define LIMIT_GUEST_PLACES 4
#define LIMIT_GUEST_WAIT_MS 200
#define LIMIT_GUEST_REFUSING_MS 1000

/*
 * Logins at one host, by whatever name, that such clients cause by path= and shorter time-outs,
 * besides the one without.
 */
#define LIMIT_GUEST_LOGINS 3

/* How long a refused password is not tried again for such clients: as long as ESX locks. */
#define LIMIT_REFUSED_MS (15 * 60 * 1000)

/* Logins that linger; of more, the one whose time comes first is logged out. */
#define LIMIT_LINGERING_LOGINS 32

/*
 * Logins of a process that nobody uses: those that linger (LIMIT_LINGERING_LOGINS), and those that
 * wait for their logout. With so many no other login is made, else a host that answers logins but
 * no logouts would make them pile up.
 */
#define LIMIT_UNUSED_LOGINS 256

/* Refused passwords that are remembered. */
#define LIMIT_REFUSED 64

/*
 * Logins of one user at one host, by whatever name, that were refused or whose outcome nobody
 * knows, within that time: with so many no other is tried for such clients, nor to renew a session.
 * One less than ESX takes, and one more for a client that may choose.
 */
#define LIMIT_REFUSED_USER 3

/* How long one more login waits while another one of the user at the host is being tried. */
#define LIMIT_LOGIN_TURN_MS 5000
