/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * The limits on what a server, a client, a URI or a file can make this process read, keep or wait
 * for. Servers are not trusted: input is read until one of these limits is reached, and no further.
 * A test reaches each limit (lint). Numbers of attempts, pauses and buffer sizes are beside the
 * code that uses them.
 */

/*
 * Names and keys of one list of volumes in a daemon, which sends them in one message of libvirt's
 * protocol (VIR_NET_MESSAGE_MAX, 32 MiB). Until then they are in memory twice.
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

/* One tag, comment or processing instruction; at most one step of reading the reply. */
#define LIMIT_REPLY_MARKUP (64 * 1024)

/* Attributes and namespaces of one tag; VI writes three at most, other servers a few more. */
#define LIMIT_REPLY_ATTRIBUTES 64

/* Text of one element. */
#define LIMIT_REPLY_TEXT (1024 * 1024)

/* Memory one decoded reply may take in its arena. */
#define LIMIT_ARENA_BYTES ((size_t)256 * 1024 * 1024)

/* What is kept of a reply that is not SOAP, to quote it in an error message. */
#define LIMIT_QUOTED_BYTES 200

/*
 * The name of a leftover file in a message. Three quarters of a longer name are its end, which
 * includes the whole last part (LIMIT_NAME_PART).
 */
#define LIMIT_LEFT_NAME_BYTES 400

/* Pages of one retrieval, and truncated updates drained together. */
#define LIMIT_PAGES 4096

/*
 * Bytes received, after decompression, for all pages of one retrieval, or for all truncated updates
 * drained together. The largest vCenter of docs/SCALE.md sends 222 MiB (a test compares them). They
 * are not kept: memory has limits of its own, LIMIT_ARENA_BYTES and LIMIT_INVENTORY_BYTES.
 */
#define LIMIT_WHOLE_MIB 320
#define LIMIT_WHOLE_BYTES ((size_t)LIMIT_WHOLE_MIB * 1024 * 1024)

/*
 * An operation of several requests (pages, attempts, a session renewed in between) may take this
 * many times as long as one request (the URI's `timeout`).
 */
#define LIMIT_WHOLE_TIMEOUTS 3

/*
 * How often reading contents may be interrupted for this many bytes, by a connection that breaks or
 * by a part that is shorter than requested. (VI_TRANSFER_TRIES limits attempts in a row that bring
 * nothing.) A silence counts as three interruptions. Without this, a server that cuts each reply
 * after one byte would cause as many connections as the file has bytes.
 */
#define LIMIT_BREAKS 16
#define LIMIT_BREAKS_BYTES (1024 * 1024)

/*
 * A client that sends no bytes of an upload, or takes none of a download, is waited for this many
 * times as long as a silent server (the URI's `stall_timeout`, by default 60 s): it may have to
 * change a tape. Meanwhile it holds a volume, a thread and a connection to the host.
 */
#define LIMIT_CLIENT_SILENCES 10

/*
 * The body of a refused request for a file: it is read to its end, to keep the connection, unless
 * it is longer than the first limit. The second limit is how much is kept for the message.
 */
#define LIMIT_REFUSAL_BYTES (64 * 1024)
#define LIMIT_REFUSAL_KEPT 2000

/* Bytes of the names of tasks that the log gives for one change; further tasks are omitted. */
#define LIMIT_TRAIL_BYTES 180

/* A session that ends this often during one request for a file is unusable. */
#define LIMIT_SESSION_ENDS 5

/*
 * How much of a running upload is kept, for a server that requires a new login. It replies so
 * before it has read the body, while the beginning is being sent.
 */
#define LIMIT_REPLAYED_BYTES (1024 * 1024)

/*
 * If a server does not support ranges, the beginning of a file has to be read and skipped: at most
 * this much.
 */
#define LIMIT_SKIPPED_BYTES ((guint64)256 * 1024 * 1024)

/* Hosts of a datastore that are checked for a ticket; the first suitable one is used. */
#define LIMIT_TICKET_HOSTS 64

/* Runs of data and holes in a pipe; see esx_pipe.c. */
#define LIMIT_PIPE_RUNS 4094

/* Names shown of one certificate, and characters shown of one name. */
#define LIMIT_CERTIFICATE_NAMES 4
#define LIMIT_CERTIFICATE_NAME_BYTES 64

/* Longer texts are not numbers. */
#define LIMIT_NUMBER_BYTES 64

/* Traversal steps and objects of the inventory. */
#define LIMIT_INVENTORY_OBJECTS 100000

/* Nested folders, and parts of an inventory path. */
#define LIMIT_INVENTORY_DEPTH 64

/* Bytes of one HTTP header line, and header lines of one reply. */
#define LIMIT_HEADER_BYTES (16 * 1024)
#define LIMIT_HEADER_LINES 200

/*
 * How long texts from a server may be. The rules for all of them:
 *
 *   - A text is compared with its limit before it is copied, joined, split or kept.
 *   - An object with a name longer than its limit (a datastore, a volume, a LUN, a portal) is left
 *     out. One warning in the log counts what a listing left out.
 *   - A text that its owner can do without (an alias, a mount path, the name of a host) counts as
 *     not set if it is longer.
 *   - In the reply to one question (a ticket, a descriptor, a token), a longer text is an error
 *     that names the limit.
 *   - A text that was cut is not used, except as a quotation in a message.
 */

/*
 * Names and identifiers: of datastores, datacenters, hosts, pools, portals, adapters and LUNs,
 * IQNs, aliases, values of references, keys, tokens, versions, and friendly names of folders. VI
 * names have at most 80 characters, each of up to 4 bytes and some escaped; IQNs have 223 bytes.
 */
#define LIMIT_NAME_BYTES 1024

/*
 * Paths: of a file below its datastore, of a datacenter ("Folder/DC"), of a mount or an export, and
 * URLs of datastores. VMFS and NFS paths stay far below.
 */
#define LIMIT_DATASTORE_PATH 4096

/*
 * Folders above a file whose friendly names are used. Hosts give such names only to the first
 * level.
 */
#define LIMIT_FRIENDLY_LEVELS 8

/* Bytes of one part of a path: VMFS, NFS and vSAN alike. */
#define LIMIT_NAME_PART 255

/* The URL of a ticket, its cookie, and the cookie of a session. */
#define LIMIT_TICKET_BYTES 4096

/*
 * The descriptor of a virtual disk. Real ones have a few hundred bytes, plus one line for each
 * extent.
 */
#define LIMIT_DESCRIPTOR_BYTES (64 * 1024)

/*
 * A message: the size of libvirt's buffer without the NUL. libvirt silently cuts longer messages.
 */
#define LIMIT_MESSAGE_BYTES 1023

/* Properties of one object; the filters of the driver ask for less than ten. */
#define LIMIT_OBJECT_PROPERTIES 64

/*
 * Everything made from a reply of n bytes takes at most LIMIT_AMPLIFICATION * n +
 * LIMIT_AMPLIFIED_BASE bytes: its decoded arena, and the objects and the snapshot, or the list of
 * volumes, made from it. LIMIT_DECODED is the share of the arena, LIMIT_DERIVED the share of the
 * rest. Replies of real servers stay below 4.
 */
#define LIMIT_AMPLIFICATION (LIMIT_DECODED + LIMIT_DERIVED)
#define LIMIT_DECODED 16
#define LIMIT_DERIVED 32
#define LIMIT_AMPLIFIED_BASE ((size_t)1024 * 1024)

/*
 * Memory of a reply that is kept as long as a session or a filter: the server's description of
 * itself. That of a vCenter takes less than a tenth of this.
 */
#define LIMIT_KEPT_REPLY ((size_t)128 * 1024)

/*
 * Replies that one inventory holds: each is kept as long as one of its values is the latest. Beyond
 * this limit everything is read again; if it is still too much, that is an error.
 */
#define LIMIT_INVENTORY_BYTES ((size_t)256 * 1024 * 1024)

/*
 * Datastores of one login for which data outside of the inventory is kept: the list of volumes, and
 * the host for file transfers. Those used last are kept. A vCenter has up to 2,000.
 */
#define LIMIT_KEPT_DATASTORES 8192

/* Adapters of one login whose last rescan is remembered: those that were used last. */
#define LIMIT_KEPT_ADAPTERS 1024

/*
 * Volumes of a datastore that are searched for one by one, in close succession. The next such call
 * searches the whole datastore. It is also the number of lists of one volume that are kept.
 */
#define LIMIT_SINGLE_SEARCHES 8

/* All lists of volumes that one login keeps; a single longer list is not kept. */
#define LIMIT_LISTINGS_BYTES ((size_t)256 * 1024 * 1024)

/* Listings of one server whose warning of what they left out is remembered, to be logged once. */
#define LIMIT_LEFT_OUT_LISTINGS 64

/* A file that a URI or the environment names: the authorities of cacert=, the auth file. */
#define LIMIT_FILE_BYTES (1024 * 1024)

/*
 * Certificates in such a file; a system has about 150. OpenSSL sorts them again at each addition.
 */
#define LIMIT_FILE_CERTIFICATES 1024

/*
 * How long a change of a volume waits for another one of the same volume: long enough for a task
 * that makes, grows or deletes a disk, and short for a worker of libvirtd.
 */
#define LIMIT_CLAIM_WAIT_MS 10000

/* Parts of a client's URI: a DNS name has at most 253 bytes, an account 256. */
#define LIMIT_URI_HOST 255
#define LIMIT_URI_USER 256

/* Bytes of the value of one parameter of a URI, as PATH_MAX. */
#define LIMIT_URI_VALUE 4096

/* Unknown parameters of one URI that the log names; it gives only the count of the rest. */
#define LIMIT_URI_WARNINGS 8

/*
 * Calls of restricted clients (esx_auth.h), opens included, that wait for servers at a time in one
 * daemon, for all hosts together. Each occupies a worker of the daemon while a host is silent. A
 * daemon starts with 5 workers (min_workers). It may start up to 20, but does not if calls arrive
 * faster than it takes them. How long a further call waits for its turn; and for how long, after
 * one has waited without getting it, others do not wait.
 */
#define LIMIT_GUEST_PLACES 4
#define LIMIT_GUEST_WAIT_MS 200
#define LIMIT_GUEST_REFUSING_MS 1000

/*
 * Logins at one host, by whatever name, that restricted clients cause with path= and shorter
 * timeouts, in addition to the login without these parameters.
 */
#define LIMIT_GUEST_LOGINS 3

/* How long a refused password is not tried again for restricted clients: as long as ESX locks. */
#define LIMIT_REFUSED_MS (15 * 60 * 1000)

/* Logins that linger; beyond that, the login closest to expiry is logged out. */
#define LIMIT_LINGERING_LOGINS 32

/*
 * Unused logins of a process: those that linger (LIMIT_LINGERING_LOGINS), and those that wait for
 * their logout. At the limit no other login is made. Otherwise they would pile up for a host that
 * answers logins but no logouts.
 */
#define LIMIT_UNUSED_LOGINS 256

/* Refused passwords that are remembered. */
#define LIMIT_REFUSED 64

/*
 * Logins of one user at one host, by whatever name, that were refused or had no known outcome
 * within that time. At the limit no other login is tried for restricted clients or to renew a
 * session. ESX locks an account after five: that leaves one to an unrestricted client.
 */
#define LIMIT_REFUSED_USER 3

/* How long a login waits while another login of the same user at the host is being tried. */
#define LIMIT_LOGIN_TURN_MS 5000
