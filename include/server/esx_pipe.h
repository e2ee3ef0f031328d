/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * EsxPipe: a bounded queue of bytes and holes between two threads, one that writes and one that
 * reads: the worker that talks to the server, and the stream that talks to libvirt. It knows
 * neither.
 *
 *   writer ── data | hole | data ──► reader
 *      end: "that was all"      close: "I want no more"
 *
 * A hole is a run of zeros that takes no room. Whoever waits is woken by the other side or by
 * closing the pipe, which either side may do at any time, for instance with an error: then data
 * that is still in it is dropped, and both see EsxPipe's error.
 *
 * Bytes are copied once on their way in and once on their way out, without a lock held. A writer
 * that waits goes on when a quarter of the pipe is free, a reader as soon as there is a byte.
 */
typedef struct _EsxPipe EsxPipe;

/* @capacity: bytes of data it holds at most. */
EsxPipe *esxPipeNew(size_t capacity);
EsxPipe *esxPipeRef(EsxPipe *pipe);
void esxPipeUnref(EsxPipe *pipe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxPipe, esxPipeUnref)

/* What a call did that gave or took nothing. */
typedef enum {
    ESX_PIPE_DONE,          /* it gave or took something */
    ESX_PIPE_WAIT,          /* nothing now: from calls that do not block, or lost their patience */
    ESX_PIPE_END,           /* the writer has ended and everything was read */
    ESX_PIPE_HOLE,          /* a reader of bytes stands before a hole */
    ESX_PIPE_CLOSED,        /* esxPipeClose was called: esxPipeError says why */
} EsxPipeResult;

/*
 * Writes as much of @data as there is room for; blocks until there is room for some, if @block.
 * @ret_written: 1 to @length with ESX_PIPE_DONE, else 0.
 */
EsxPipeResult esxPipeWrite(EsxPipe *pipe, const char *data, size_t length, gboolean block,
                           size_t *ret_written);

/* Writes a hole of @length bytes; joins one that is last. Never blocks. */
EsxPipeResult esxPipeWriteHole(EsxPipe *pipe, guint64 length);

/* The writer has written everything. */
void esxPipeEnd(EsxPipe *pipe);

/*
 * The reader takes @length bytes (> 0) and then wants to know whether that was all. When the writer
 * has written so many, the pipe is not writable until the reader is in esxPipeAwaitEnd(), or closes
 * it: a writer on an event loop says that this was all only then, and finds the work done.
 */
void esxPipeExpect(EsxPipe *pipe, guint64 length);

/* Whether what is expected was written, so that a pipe that is not closed is not writable. */
gboolean esxPipeIsHeld(EsxPipe *pipe);

/*
 * The reader has taken all it wants, and waits for the end. Returns: ESX_PIPE_END; ESX_PIPE_DONE:
 * more came; ESX_PIPE_CLOSED.
 */
EsxPipeResult esxPipeAwaitEnd(EsxPipe *pipe);

/* Bytes that were written and not read yet, those of holes among them. */
guint64 esxPipeLeft(EsxPipe *pipe);

/* Whether all that was written was read, and the reader of esxPipeExpect() waits for more. */
gboolean esxPipeIsDrained(EsxPipe *pipe);

/*
 * Waits until something was written, or the end, but not beyond @deadline (monotonic; 0: none).
 * Returns: ESX_PIPE_DONE, also when the pipe was closed afterwards; ESX_PIPE_CLOSED: it was closed
 * before that; ESX_PIPE_WAIT: nothing by then.
 */
EsxPipeResult esxPipeAwaitBegun(EsxPipe *pipe, gint64 deadline);

/*
 * Reads up to @size bytes. @expand: a hole reads as zeros; else it is ESX_PIPE_HOLE, once its
 * length is known as esxPipePeek reports it. @ret_read: 1 to @size with ESX_PIPE_DONE, else 0.
 */
EsxPipeResult esxPipeRead(EsxPipe *pipe, char *buffer, size_t size, gboolean expand, gboolean block,
                          size_t *ret_read);

/*
 * What comes next, and how much of it is known yet; takes nothing. ESX_PIPE_DONE: data;
 * ESX_PIPE_HOLE: a hole. A hole's length is known only once it has ended (data behind it, or the
 * end): until then a blocking call waits, another gets ESX_PIPE_WAIT.
 */
EsxPipeResult esxPipePeek(EsxPipe *pipe, gboolean block, guint64 *ret_length);

/* Takes the hole that stands next, whole; answers as esxPipePeek. @ret_length: 0 unless
 * ESX_PIPE_HOLE is returned. */
EsxPipeResult esxPipeReadHole(EsxPipe *pipe, gboolean block, guint64 *ret_length);

/* Ends the pipe for both sides. @error: (nullable) copied. Only the first call says why. */
void esxPipeClose(EsxPipe *pipe, const GError *error);

/* Returns: (transfer full) why it was closed, or NULL: without an error, or not at all. */
GError *esxPipeError(EsxPipe *pipe);

/*
 * Whether a read, or a write, that does not block would do more than wait. @expand as for
 * esxPipeRead. A pipe that is nearly full is not writable, though it would take a few bytes: a
 * quarter of it must be free.
 */
gboolean esxPipeIsReadable(EsxPipe *pipe, gboolean expand);
gboolean esxPipeIsWritable(EsxPipe *pipe);

/*
 * A reader that waits is woken, and notified, when so many bytes are there instead of with the
 * first one; a quarter of the pipe at most. A hole, the end and closing wake it all the same. For
 * the writer, before it writes.
 */
void esxPipeSetStep(EsxPipe *pipe, size_t step);

/*
 * How long a blocking call of the reader, or else of the writer, waits while the other side, which
 * is a client, does nothing; then it returns ESX_PIPE_WAIT. 0, as at first: without a bound. For
 * before the threads start.
 */
void esxPipeSetPatience(EsxPipe *pipe, gboolean ofReader, guint ms);

/* Returns: what was set; of both sides the longer one. */
guint esxPipePatienceMs(const EsxPipe *pipe);

/*
 * @notify is called, on the thread that caused it and without locks held, whenever one of those two
 * may have become TRUE. One per pipe; set before the other thread starts.
 */
void esxPipeSetNotify(EsxPipe *pipe, void (*notify)(gpointer opaque), gpointer opaque);
