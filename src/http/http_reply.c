/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Parses HTTP's header lines as libcurl delivers them, but does not depend on libcurl. */

#include "http_reply.h"

#include "base_limits.h"
#include "base_secret.h"
#include "base_text.h"

#include <string.h>

/*
 * Returns: (transfer full): the value of @line if its name is @name, stripped of blanks; else NULL.
 */
static char *
httpLineValue(const char *line, size_t length, const char *name)
{
    size_t nameLength = strlen(name);

    if (length <= nameLength || line[nameLength] != ':' ||
        g_ascii_strncasecmp(line, name, nameLength) != 0)
        return NULL;

    line += nameLength + 1;
    length -= nameLength + 1;
    while (length > 0 && g_ascii_isspace(*line)) {
        line++;
        length--;
    }
    while (length > 0 && g_ascii_isspace(line[length - 1]))
        length--;

    return g_strndup(line, length);
}

/* Cookies are collected, one per line: a proxy may add its own to the server's. */
static void
httpReplyAddCookie(HttpReply *reply, char *value)
{
    char *before = reply->response.setCookie;

    reply->response.setCookie = before ? g_strconcat(before, "\n", value, NULL) : g_strdup(value);
    secretEraseFree(before);
    secretEraseFree(value);
}

/* A number as HTTP writes it: only digits. */
static void
httpReplyTakeLength(HttpReply *reply, const char *text)
{
    guint64 number = 0;

    if (reply->error)
        return;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &number, NULL)) {
        textToError(&reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the reply from %s has a Content-Length that is not a number: '%s'",
                    reply->name,
                    text);
        return;
    }
    /* Two different lengths of one body: one of them is wrong, and it is unknown which. */
    if (reply->hasLength && (gint64)number != reply->response.contentLength) {
        textToError(&reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the reply from %s has two different lengths", reply->name);
        return;
    }
    reply->hasLength = TRUE;
    reply->response.contentLength = (gint64)number;
}

/* @value: (transfer full). The same field with two values means nothing. */
static void
httpReplyTakeValue(HttpReply *reply, const char *name, char **field, char *value)
{
    if (*field && !g_str_equal(*field, value) && !reply->error)
        textToError(&reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the reply from %s has two different %s lines: '%s' and '%s'", reply->name,
                    name, *field, value);
    g_free(*field);
    *field = value;
}

static void
httpReplyTakeField(HttpReply *reply, const char *line, size_t length)
{
    const struct {
        const char *name;
        char **value;
    } fields[] = {
        { "Content-Type", &reply->response.contentType },
        { "Content-Range", &reply->response.contentRange },
        { "Content-Encoding", &reply->response.contentEncoding },
        { "Location", &reply->response.location },
    };
    char *cookie = httpLineValue(line, length, "Set-Cookie");
    g_autofree char *size = NULL;
    size_t i;

    if (cookie) {
        httpReplyAddCookie(reply, cookie);
        return;
    }
    size = httpLineValue(line, length, "Content-Length");
    if (size) {
        httpReplyTakeLength(reply, size);
        return;
    }
    for (i = 0; i < G_N_ELEMENTS(fields); i++) {
        char *value = httpLineValue(line, length, fields[i].name);

        if (value) {
            httpReplyTakeValue(reply, fields[i].name, fields[i].value, value);
            return;
        }
    }
}

/* The three digits of "HTTP/1.1 200 OK"; 0 if there is something else. */
static guint
httpStatusParse(const char *line)
{
    const char *blank = strchr(line, ' ');
    const char *text = blank ? blank + 1 : "";

    if (strspn(text, "0123456789") != 3 || (text[3] && !g_ascii_isspace(text[3])))
        return 0;
    return (guint)g_ascii_strtoull(text, NULL, 10);
}

/* A new header begins, possibly after the header of an interim reply. */
static void
httpReplyTakeStatus(HttpReply *reply, const char *line, size_t length)
{
    g_autofree char *text = g_strndup(line, length);

    httpResponseClear(&reply->response);
    reply->response.contentLength = -1;
    reply->hasLength = FALSE;
    reply->response.status = httpStatusParse(text);
}

gboolean
httpReplyTakeLine(HttpReply *reply, const char *line, size_t length)
{
    if (length > LIMIT_HEADER_BYTES || ++reply->lines > LIMIT_HEADER_LINES) {
        textToError(&reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the header of the reply from %s is too large; the limit is %d lines of %d "
                    "bytes each", reply->name, LIMIT_HEADER_LINES, LIMIT_HEADER_BYTES);
        return FALSE;
    }

    if (memchr(line, '\0', length)) {
        textToError(&reply->error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the header of the reply from %s contains a NUL byte", reply->name);
        return FALSE;
    }

    if (reply->complete)
        return TRUE;

    if (length >= 5 && memcmp(line, "HTTP/", 5) == 0)
        httpReplyTakeStatus(reply, line, length);
    else if (*line == '\r' || *line == '\n')
        reply->complete = reply->response.status >= 200;
    else
        httpReplyTakeField(reply, line, length);

    return reply->error == NULL;
}

gboolean
httpReplyTakeBody(HttpReply *reply, const char *data, size_t length)
{
    if (!reply->sink || length == 0)
        return TRUE;
    if (reply->sink(&reply->response, data, length, reply->opaque, &reply->error))
        return TRUE;

    if (!reply->error) {
        g_set_error_literal(&reply->error, HTTP_ERROR, HTTP_ERROR_SINK,
                            "the reply was refused without a reason");
    }
    return FALSE;
}

void
httpReplyClear(HttpReply *reply)
{
    httpResponseClear(&reply->response);
    g_clear_error(&reply->error);
    *reply = (HttpReply){ 0 };
}
