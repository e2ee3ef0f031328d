/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The child process, its facts, and small wrappers around HttpTransport. */

#include "http_fixture.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
    GPid pid;
    int input;
    char *folder;
    GHashTable *facts;
} server;

static void
httpServerReadFacts(int fd)
{
    FILE *stream = fdopen(fd, "r");
    char line[1024] = "";

    g_assert_nonnull(stream);
    while (fgets(line, sizeof(line), stream) && strcmp(line, "ready\n") != 0) {
        g_auto(GStrv) words = g_strsplit(g_strchomp(line), " ", 2);

        g_assert_cmpuint(g_strv_length(words), ==, 2);
        g_hash_table_insert(server.facts, g_strdup(words[0]), g_strdup(words[1]));
    }
    g_assert_cmpstr(line, ==, "ready\n");
    fclose(stream);
}

void
httpServerStart(void)
{
    g_autofree char *script = g_test_build_filename(G_TEST_DIST, "unit", "support",
                                                    "http_server.py", NULL);
    const char *argv[] = { "python3", script, NULL, NULL };
    g_autoptr(GError) error = NULL;
    int output = -1;

    server.folder = g_dir_make_tmp("http-server-XXXXXX", &error);
    g_assert_no_error(error);
    server.facts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

    argv[2] = server.folder;
    g_spawn_async_with_pipes(NULL, (char **)argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                             &server.pid, &server.input, &output, NULL, &error);
    g_assert_no_error(error);
    httpServerReadFacts(output);
}

void
httpServerStop(void)
{
    g_autoptr(GDir) folder = g_dir_open(server.folder, 0, NULL);
    const char *name = NULL;

    close(server.input);
    g_assert_cmpint(waitpid(server.pid, NULL, 0), ==, server.pid);
    g_spawn_close_pid(server.pid);

    while ((name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(server.folder, name, NULL);

        g_unlink(path);
    }
    g_rmdir(server.folder);
    g_free(server.folder);
    g_hash_table_unref(server.facts);
}

const char *
httpServerFact(const char *name)
{
    const char *value = g_hash_table_lookup(server.facts, name);

    g_assert_nonnull(value);
    return value;
}

guint
httpServerPort(const char *listener)
{
    g_autofree char *name = g_strconcat("port.", listener, NULL);

    return g_ascii_strtoull(httpServerFact(name), NULL, 10);
}

HttpCurlOptions
httpServerOptions(const char *listener)
{
    return (HttpCurlOptions){
        .scheme = "https",
        .host = "127.0.0.1",
        .port = httpServerPort(listener),
        .trust = HTTP_TRUST_ANY,
        .connectTimeoutMs = 5000,
        .stallTimeoutMs = 5000,
        .totalTimeoutMs = 20000,
    };
}

HttpTransport *
httpTransportMake(const HttpCurlOptions *options)
{
    g_autoptr(GError) error = NULL;
    HttpTransport *transport = httpCurlNew(options, &error);

    g_assert_no_error(error);
    g_assert_nonnull(transport);
    return transport;
}

static gboolean
httpCollect(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
            GError **error)
{
    (void)error;
    g_assert_cmpuint(response->status, >=, 200);
    g_string_append_len(opaque, data, length);
    return TRUE;
}

char *
httpFetch(HttpTransport *transport, const HttpRequest *request, HttpResponse *ret_response,
          GError **error)
{
    g_autoptr(GString) body = g_string_new(NULL);
    g_auto(HttpResponse) response = { 0 };

    if (!httpTransportPerform(transport, request, httpCollect, body, &response, error))
        return NULL;

    if (ret_response) {
        *ret_response = response;
        response = (HttpResponse){ 0 };
    }
    return g_string_free(g_steal_pointer(&body), FALSE);
}

char *
httpGet(HttpTransport *transport, const char *path)
{
    HttpRequest request = { .method = "GET", .path = path };
    g_autoptr(GError) error = NULL;
    char *body = httpFetch(transport, &request, NULL, &error);

    g_assert_no_error(error);
    return body;
}

void
httpGetFails(HttpTransport *transport, const char *path, HttpErrorCode code, const char *part)
{
    HttpRequest request = { .method = "GET", .path = path };
    GError *error = NULL;
    g_autofree char *body = httpFetch(transport, &request, NULL, &error);

    g_assert_null(body);
    httpAssertError(error, code, part);
}

void
httpAssertError(GError *error, HttpErrorCode code, const char *part)
{
    g_autoptr(GError) owned = error;

    g_assert_error(owned, HTTP_ERROR, (int)code);
    g_test_message("%s", owned->message);
    if (!strstr(owned->message, part))
        g_error("\"%s\" does not contain \"%s\"", owned->message, part);
    g_assert_false(g_str_has_suffix(owned->message, "."));
    g_assert_null(strstr(owned->message, "secret"));
}
