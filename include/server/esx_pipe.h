/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * EsxPipe: a bounded queue of bytes and holes between two threads, a writer and a reader: the
 * worker that uses the server, and the stream that serves libvirt. It depends on neither.
 *
 *   writer ── data | hole | data ──► reader
 *      end: "that was all"      close: "I want no more"
 *
 * A hole is a run of zeros that takes no room. A waiting side is woken by the other side, or by
 * closing the pipe. Either side may close it at any time, for instance with an error: then data
 * still in it is dropped, and both sides see the pipe's error.
 *
 * Bytes are copied once on their way in and once on their way out, without a lock held. A waiting
 * writer continues when a quarter of the pipe is free, a reader as soon as there is a byte.
 */
typedef struct _EsxPipe EsxPipe;

/* @capacity: maximum bytes of data. */
EsxPipe *esxPipeNew(size_t capacity);
EsxPipe *esxPipeRef(EsxPipe *pipe);
void esxPipeUnref(EsxPipe *pipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxPipe, esxPipeUnref)

/* Results of calls. */
typedef enum {
    ESX_PIPE_DONE,          /* something was written or read */
    ESX_PIPE_WAIT,          /* nothing now: of calls that do not block, or have timed out */
    ESX_PIPE_END,           /* the writer has ended and everything was read */
    ESX_PIPE_HOLE,          /* the next item for a reader of bytes is a hole */
    ESX_PIPE_CLOSED,        /* esxPipeClose was called: esxPipeError says why */
} EsxPipeResult;

/*
 * Writes as much of @data as there is room for; blocks until there is room for some, if @block.
 * @ret_written: 1 to @length with ESX_PIPE_DONE, else 0.
 */
EsxPipeResult esxPipeWrite(EsxPipe *pipe, const char *data, size_t length, gboolean block,
                           size_t *ret_written);

/* Writes a hole of @length bytes; merges it with a hole before it. Does not block. */
EsxPipeResult esxPipeWriteHole(EsxPipe *pipe, guint64 length);

/* The writer has written everything. */
void esxPipeEnd(EsxPipe *pipe);

/*
 * The reader takes @length bytes (> 0) and then has to know whether that was all. When the writer
 * has written that many, the pipe is not writable until the reader is in esxPipeAwaitEnd(), or
 * closes it. So a writer on an event loop signals the end only then, when the work is done.
 */
void esxPipeExpect(EsxPipe *pipe, guint64 length);

/* Whether the expected length was written, so that the pipe is not writable unless it is closed. */
gboolean esxPipeIsHeld(EsxPipe *pipe);

/*
 * The reader has taken all it wants, and waits for the end. Returns: ESX_PIPE_END; ESX_PIPE_DONE:
 * there is more; ESX_PIPE_CLOSED.
 */
EsxPipeResult esxPipeAwaitEnd(EsxPipe *pipe);

/* Bytes that were written and not read yet, including those of holes. */
guint64 esxPipeLeft(EsxPipe *pipe);

/* Whether everything written was read, and the reader of esxPipeExpect() waits for more. */
gboolean esxPipeIsDrained(EsxPipe *pipe);

/*
 * Waits until something was written or the pipe has ended, but not beyond @deadline (monotonic; 0:
 * none).
 * Returns: ESX_PIPE_DONE, also if the pipe was closed afterwards; ESX_PIPE_CLOSED: it was closed
 * before that; ESX_PIPE_WAIT: nothing by then.
 */
EsxPipeResult esxPipeAwaitBegun(EsxPipe *pipe, gint64 deadline);

/*
 * Reads up to @size bytes. @expand: a hole reads as zeros; otherwise it is ESX_PIPE_HOLE, once its
 * length is known (see esxPipePeek). @ret_read: 1 to @size with ESX_PIPE_DONE, else 0.
 */
EsxPipeResult esxPipeRead(EsxPipe *pipe, char *buffer, size_t size, gboolean expand, gboolean block,
                          size_t *ret_read);

/*
 * The next item, and how much of it is known; reads nothing. ESX_PIPE_DONE: data; ESX_PIPE_HOLE: a
 * hole. The length of a hole is known only when it is followed by data or the end: until then a
 * blocking call waits, and another gets ESX_PIPE_WAIT.
 */
EsxPipeResult esxPipePeek(EsxPipe *pipe, gboolean block, guint64 *ret_length);

/*
 * Reads the next hole as a whole; returns like esxPipePeek. @ret_length: 0 unless ESX_PIPE_HOLE is
 * returned.
 */
EsxPipeResult esxPipeReadHole(EsxPipe *pipe, gboolean block, guint64 *ret_length);

/* Ends the pipe for both sides. @error: (nullable) copied; that of the first call counts. */
void esxPipeClose(EsxPipe *pipe, const GError *error);

/*
 * Returns: (transfer full) why it was closed; NULL if it was closed without an error, or not
 * closed.
 */
GError *esxPipeError(EsxPipe *pipe);

/*
 * Whether a read, or a write, that does not block would return anything but ESX_PIPE_WAIT. @expand
 * as for esxPipeRead. A pipe that is nearly full is not writable, though it would take a few bytes:
 * a quarter of it must be free.
 */
gboolean esxPipeIsReadable(EsxPipe *pipe, gboolean expand);
gboolean esxPipeIsWritable(EsxPipe *pipe);

/*
 * A waiting reader is woken, and notified, when this many bytes are available instead of one; at
 * most a quarter of the pipe. A hole, the end and closing wake it in any case. Called by the
 * writer, before it writes.
 */
void esxPipeSetStep(EsxPipe *pipe, size_t step);

/*
 * How long a blocking call of the reader, or else of the writer, waits while the other side, which
 * is a client, does nothing; then it returns ESX_PIPE_WAIT. 0, the default: no limit. Call it
 * before the threads start.
 */
void esxPipeSetTimeout(EsxPipe *pipe, gboolean ofReader, guint ms);

/* Returns: the limit; the longer one of both sides. */
guint esxPipeTimeoutMs(const EsxPipe *pipe);

/*
 * @notify is called, on the thread that caused it and without locks held, whenever one of those two
 * may have become TRUE. One per pipe; set it before the other thread starts.
 */
void esxPipeSetNotify(EsxPipe *pipe, void (*notify)(gpointer opaque), gpointer opaque);
