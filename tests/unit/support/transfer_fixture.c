/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "transfer_fixture.h"
#include "../../../src/vi/transfer/vi_transfer_priv.h"
#include "connection_fixture.h"

#include <string.h>

#include "esx_libvirt.h"

#define HOUR_MS (3600 * 1000)

/* ---- files ----------------------------------------------------------------------------------- */

void
memoryAdd(Memory *memory, const char *name, GBytes *bytes)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memory->lock);

    g_hash_table_insert(memory->files, g_strdup(name), bytes);
}

void
memoryRemove(Memory *memory, const char *name)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memory->lock);

    g_assert_true(g_hash_table_remove(memory->files, name));
}

void
memoryAddText(Memory *memory, const char *name, const char *text)
{
    memoryAdd(memory, name, g_bytes_new(text, strlen(text)));
}

void
memoryAddDisk(Memory *memory, const char *name, GBytes *bytes)
{
    g_autofree char *base = g_path_get_basename(name);
    g_autofree char *stem = g_strndup(base, strlen(base) - strlen(".vmdk"));
    g_autofree char *transfer = g_path_get_dirname(name);
    g_autofree char *flat = g_strdup_printf("%s/%s-flat.vmdk", transfer, stem);
    g_autofree char *text = g_strdup_printf(
        "# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\ncreateType=\"vmfs\"\n"
        "RW %zu VMFS \"%s-flat.vmdk\"\nddb.adapterType = \"lsilogic\"\n",
        g_bytes_get_size(bytes) / 512, stem);

    memoryAddText(memory, name, text);
    memoryAdd(memory, flat, bytes);
}

void
memoryAddVolume(Memory *memory, const char *name, GBytes *bytes)
{
    if (g_str_has_suffix(name, ".vmdk"))
        memoryAddDisk(memory, name, bytes);
    else
        memoryAdd(memory, name, bytes);
}

GBytes *
memoryFind(Memory *memory, const char *prefix)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memory->lock);
    GHashTableIter iter;
    gpointer name, bytes;
    GBytes *found = NULL;

    g_hash_table_iter_init(&iter, memory->files);
    while (g_hash_table_iter_next(&iter, &name, &bytes)) {
        if (!g_str_has_prefix(name, prefix))
            continue;
        g_assert_null(found);
        found = bytes;
    }
    return found;
}

GBytes *
memoryRandom(size_t length, guint32 seed)
{
    char *data = g_malloc(length);
    guint32 state = seed * 2654435761u + 1;
    size_t i;

    for (i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        data[i] = (char)(1 + (state >> 16) % 255);
    }
    return g_bytes_new_take(data, length);
}

EsxVolume
memoryVolume(const char *name)
{
    return (EsxVolume) {
        .name = name, .path = name, .key = name,
        .format = g_str_has_suffix(name, ".vmdk") ? VIR_STORAGE_FILE_VMDK : VIR_STORAGE_FILE_RAW,
    };
}

/* ---- the server ------------------------------------------------------------------------------ */

typedef struct {
    HttpTransport base;
    Memory *memory;
    HttpTransport *sdk;
} Transport;

/* Returns: (transfer full) the file a request names. */
static char *
fileOf(const HttpRequest *request)
{
    const char *start = request->path + strlen("/folder/");

    g_assert_true(g_str_has_prefix(request->path, "/folder/"));
    return g_uri_unescape_segment(start, start + strcspn(start, "?"), NULL);
}

static gboolean
isStopped(const HttpRequest *request, GError **error)
{
    if (!cancelIsRaised(request->cancel))
        return FALSE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "cancelled");
    return TRUE;
}

/* Returns: the status: 200, 206 with the wanted run of bytes, 416. */
static guint
rangeOf(const HttpRequest *request, guint64 size, guint64 *ret_first, guint64 *ret_end)
{
    const char *const *line;
    unsigned long long first = 0;
    unsigned long long last = 0;
    guint status = 200;

    *ret_first = 0;
    *ret_end = size;
    for (line = request->headers; line && *line; line++) {
        if (sscanf(*line, "Range: bytes=%llu-%llu", &first, &last) != 2)
            continue;
        if (first >= size)
            return 416;
        *ret_first = first;
        *ret_end = MIN(last + 1, size);
        status = 206;
    }
    return status;
}

static gboolean
sendFile(Memory *memory, const HttpRequest *request, GBytes *bytes, HttpSink sink, gpointer opaque,
         HttpResponse *response, GError **error)
{
    const char *data = g_bytes_get_data(bytes, NULL);
    guint64 at = 0;
    guint64 end = 0;
    guint64 cut;

    response->status = rangeOf(request, g_bytes_get_size(bytes), &at, &end);
    if (response->status == 416)
        return TRUE;
    if (memory->failFrom > 0 && end > memory->failFrom) {
        response->status = 500;
        return TRUE;
    }
    response->contentLength = (gint64)(end - at);
    response->contentRange = g_strdup_printf(
        "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%zu", at, end - 1,
        g_bytes_get_size(bytes));
    cut = memory->cutOneIn > 0 && g_random_int_range(0, (gint)memory->cutOneIn) == 0
              ? at + (end - at) / 2 : end;
    while (at < cut) {
        size_t length = (size_t)MIN(MEMORY_PIECE, cut - at);

        if (isStopped(request, error) || !sink(response, data + at, length, opaque, error))
            return FALSE;
        at += length;
        if (memory->pieceUs > 0)
            g_usleep(memory->pieceUs);
    }
    if (cut == end)
        return TRUE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL, "cut off");
    return FALSE;
}

static gboolean
storeFile(Memory *memory, const HttpRequest *request, const char *name, HttpResponse *response,
          GError **error)
{
    g_autoptr(GByteArray) got = g_byte_array_new();
    char piece[4096];
    gssize length = request->source ? 1 : 0;

    while (length > 0 && request->sourceLength != (gint64)got->len) {
        if (isStopped(request, error))
            return FALSE;
        length = request->source(piece, sizeof(piece), request->sourceOpaque, error);
        if (length > 0)
            g_byte_array_append(got, (guint8 *)piece, (guint)length);
    }
    if (length < 0)
        return FALSE;
    if (request->source) {
        g_byte_array_set_size(got, got->len - (guint)MIN(memory->putLoses, got->len));
        response->status = memory->putStatus ? memory->putStatus : 201;
    } else {
        response->status = 201;
    }
    memoryAdd(memory, name, g_byte_array_free_to_bytes(g_steal_pointer(&got)));
    return TRUE;
}

static gboolean
serve(Memory *memory, const HttpRequest *request, HttpSink sink, gpointer opaque,
      HttpResponse *response, GError **error)
{
    g_autofree char *name = fileOf(request);
    GBytes *bytes = NULL;

    if (g_str_equal(request->method, "PUT"))
        return storeFile(memory, request, name, response, error);

    g_mutex_lock(&memory->lock);
    bytes = g_hash_table_lookup(memory->files, name);
    g_mutex_unlock(&memory->lock);
    if (!bytes) {
        response->status = 404;
        return TRUE;
    }
    response->contentType = g_strdup("application/octet-stream");
    if (g_str_equal(request->method, "GET"))
        return sendFile(memory, request, bytes, sink, opaque, response, error);
    response->status = 200;
    response->contentLength = (gint64)g_bytes_get_size(bytes);
    return TRUE;
}

/* Returns: (transfer full) the name in "<ELEMENT>[ds] NAME</ELEMENT>", or NULL. */
static char *
nameIn(const char *body, const char *element)
{
    g_autofree char *open = g_strdup_printf("<%s>[ds] ", element);
    const char *start = strstr(body, open);

    return start ? g_strndup(start + strlen(open), strcspn(start + strlen(open), "<")) : NULL;
}

/* What the server is told to do with files. */
static void
obey(Memory *memory, const char *body)
{
    g_autofree char *from = nameIn(body, "sourceName");
    g_autofree char *to = nameIn(body, "destinationName");
    g_autofree char *gone = nameIn(body, "name");
    g_autoptr(GBytes) bytes = NULL;

    if (strstr(body, "<MoveDatastoreFile_Task") && memory->beforeMove)
        memory->beforeMove(memory->moveOpaque);
    g_mutex_lock(&memory->lock);
    if (strstr(body, "<MoveDatastoreFile_Task") && !memory->stays) {
        bytes = g_bytes_ref(g_hash_table_lookup(memory->files, from));
        g_hash_table_remove(memory->files, from);
        g_hash_table_insert(memory->files, g_strdup(to), g_bytes_ref(bytes));
    }
    if (strstr(body, "<DeleteDatastoreFile_Task") && memory->deletes)
        g_hash_table_remove(memory->files, gone);
    g_mutex_unlock(&memory->lock);
    if (strstr(body, "<MoveDatastoreFile_Task") && memory->afterMove)
        memory->afterMove(memory->moveOpaque);
}

static gboolean
perform(HttpTransport *base, const HttpRequest *request, HttpSink sink, gpointer opaque,
        HttpResponse *ret_response, GError **error)
{
    Transport *transport = (Transport *)base;
    Memory *memory = transport->memory;
    g_auto(HttpResponse) response = { 0 };
    gboolean ok;

    if (g_str_equal(request->path, "/sdk") && request->body)
        obey(memory, request->body);
    if (g_str_equal(request->path, "/sdk"))
        return httpTransportPerform(transport->sdk, request, sink, opaque, ret_response, error);

    g_mutex_lock(&memory->lock);
    memory->requests++;
    memory->now++;
    memory->mostAtOnce = MAX(memory->mostAtOnce, memory->now);
    g_mutex_unlock(&memory->lock);
    if (memory->latencyUs > 0)
        g_usleep((gulong)g_random_int_range(0, (gint)memory->latencyUs));
    ok = serve(memory, request, sink, opaque, &response, error);
    g_mutex_lock(&memory->lock);
    memory->now--;
    g_mutex_unlock(&memory->lock);
    if (!ok)
        return FALSE;
    *ret_response = response;
    response = (HttpResponse) { 0 };
    return TRUE;
}

static void
transportFree(HttpTransport *base)
{
    Transport *transport = (Transport *)base;

    httpTransportFree(transport->sdk);
    g_free(transport);
}

static const HttpTransportOps ops = { perform, transportFree };

/* ---- life ------------------------------------------------------------------------------------ */

static void
unrefBytes(gpointer bytes)
{
    g_bytes_unref(bytes);
}

void
memoryInit(Memory *memory)
{
    Transport *transport = g_new0(Transport, 1);
    g_autoptr(GError) error = NULL;
    ViSession *session = NULL;

    g_mutex_init(&memory->lock);
    memory->files = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, unrefBytes);
    memory->canned = cannedNew();
    fixtureScriptContent(memory->canned,
                         memory->content ? memory->content : "service-content-8.0.xml");
    fixtureScriptLogin(memory->canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(memory->canned, "Logout", "");
    *transport = (Transport) { { .ops = &ops }, memory, cannedTransport(memory->canned) };
    session = viSessionNew(&transport->base, &error);
    g_assert_no_error(error);
    g_assert_true(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    cannedAssertLog(memory->canned, "RetrieveServiceContent Login");

    memory->connection = esxConnectionNew(session, NULL, "esx1", HOUR_MS);
    viTransferSetPause(memory->connection->transfer, 1);
    memory->snapshot = fixtureSnapshot(
        VMFS("d1", "ds", SET("browser", REF("HostDatastoreBrowser", "b1"))), NULL);
    memory->pool = fixturePool(memory->snapshot, "ds");
}

void
memoryClear(Memory *memory)
{
    inventorySnapshotUnref(memory->snapshot);
    esxConnectionFree(memory->connection);
    cannedFree(memory->canned);
    g_hash_table_unref(memory->files);
    g_mutex_clear(&memory->lock);
}

static guint
requestsOf(Memory *memory)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&memory->lock);

    return memory->requests;
}

void
memoryAwaitRequests(Memory *memory, guint n)
{
    while (requestsOf(memory) < n)
        g_usleep(1000);
}

/* ---- transfers ------------------------------------------------------------------------------- */

static gpointer
work(gpointer opaque)
{
    Running *running = opaque;
    EsxTransfer *transfer = running->transfer;
    gboolean ok = transfer->run(transfer, running->pipe, running->cancel, &running->error);

    g_assert_true(ok == (running->error == NULL));
    esxTransferFree(transfer);
    if (running->error)
        esxPipeClose(running->pipe, running->error);
    g_atomic_int_set(&running->done, 1);
    return NULL;
}

void
runningStart(Running *running, EsxTransfer *transfer)
{
    running->transfer = transfer;
    running->cancel = cancelNew(NULL);
    running->pipe = esxPipeNew(transfer->pipeBytes);
    esxPipeSetTimeout(running->pipe, transfer->isUpload, running->clientTimeoutMs);
    running->thread = g_thread_new("transfer", work, running);
}

void
runningJoin(Running *running)
{
    g_thread_join(g_steal_pointer(&running->thread));
}

void
runningAbort(Running *running, guint ms)
{
    const gint64 begun = g_get_monotonic_time();

    cancelRaise(running->cancel);
    esxPipeClose(running->pipe, NULL);
    runningJoin(running);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, ms * 1000);
}

void
runningClear(Running *running)
{
    if (running->thread)
        runningJoin(running);
    esxPipeUnref(running->pipe);
    cancelFree(running->cancel);
    g_clear_error(&running->error);
}

GBytes *
runningRead(Running *running, guint64 *ret_holes)
{
    GByteArray *got = g_byte_array_new();
    char *buffer = g_malloc(MEMORY_PIECE);
    EsxPipeResult result;
    size_t length = 0;
    guint64 hole = 0;

    if (ret_holes)
        *ret_holes = 0;
    for (;;) {
        result = esxPipeRead(running->pipe, buffer, MEMORY_PIECE, ret_holes == NULL, TRUE,
                             &length);
        if (result == ESX_PIPE_HOLE) {
            g_assert_cmpint(esxPipeReadHole(running->pipe, TRUE, &hole), ==, ESX_PIPE_HOLE);
            *ret_holes += hole;
            g_byte_array_set_size(got, got->len + (guint)hole);
            memset(got->data + got->len - hole, 0, hole);
        } else if (result == ESX_PIPE_DONE) {
            g_byte_array_append(got, (guint8 *)buffer, (guint)length);
        } else {
            break;
        }
    }
    g_free(buffer);
    if (result == ESX_PIPE_END)
        return g_byte_array_free_to_bytes(got);
    g_byte_array_unref(got);
    return NULL;
}

gboolean
runningWrite(Running *running, const char *data, size_t length)
{
    size_t written = 0;

    for (; length > 0; data += written, length -= written) {
        if (esxPipeWrite(running->pipe, data, length, TRUE, &written) != ESX_PIPE_DONE)
            return FALSE;
    }
    return TRUE;
}
