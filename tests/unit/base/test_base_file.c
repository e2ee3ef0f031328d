/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What is read, what is refused, and that nothing is waited for. */

#include "base_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base_limits.h"

/* A folder of one test, and a path in it. */
typedef struct {
    char *folder;
    char *path;
} Place;

static void
placeInit(Place *place)
{
    g_autoptr(GError) error = NULL;

    place->folder = g_dir_make_tmp("base-file-XXXXXX", &error);
    g_assert_no_error(error);
    place->path = g_build_filename(place->folder, "file", NULL);
}

static void
placeClear(Place *place)
{
    g_remove(place->path);
    g_rmdir(place->folder);
    g_free(place->path);
    g_free(place->folder);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, placeClear)

static void
assertReads(const char *path, const char *wanted, gsize wantedLength)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    gsize length = 0;

    g_assert_true(fileRead(path, &data, &length, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(data, length, wanted, wantedLength);
    g_assert_cmpint(data[length], ==, '\0');
}

static void
assertRefuses(const char *path, const char *phrase)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;

    if (fileRead(path, &data, NULL, &error))
        g_error("'%s' was read", path);
    g_assert_null(data);
    g_assert_cmpuint(error->domain, ==, G_FILE_ERROR);
    g_assert_false(fileErrorIsShort(error));
    if (!strstr(error->message, phrase))
        g_error("'%s' is not in the reason for '%s': %s", phrase, path, error->message);
}

static void
write_(const char *path, const char *data, gssize length)
{
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, data, length, &error);
    g_assert_no_error(error);
}

static void
testRegular(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *link = NULL;

    placeInit(&place);
    write_(place.path, "some\0text\n", 10);
    assertReads(place.path, "some\0text\n", 10);

    link = g_strconcat(place.path, "-link", NULL);
    g_assert_cmpint(symlink("file", link), ==, 0);
    assertReads(link, "some\0text\n", 10);
    g_unlink(link);

    write_(place.path, "", 0);
    assertReads(place.path, "", 0);
}

static void
testTooLong(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *data = g_strnfill(LIMIT_FILE_BYTES, 'x');

    placeInit(&place);
    write_(place.path, data, LIMIT_FILE_BYTES);
    assertReads(place.path, data, LIMIT_FILE_BYTES);

    g_assert_cmpint(truncate(place.path, LIMIT_FILE_BYTES + 1), ==, 0);
    assertRefuses(place.path, "longer than 1048576 bytes");
    /* a sparse one that would fill memory */
    g_assert_cmpint(truncate(place.path, (off_t)1 << 40), ==, 0);
    assertRefuses(place.path, "longer than 1048576 bytes");
}

/* The test program's own time limit is what a wait would run into. */
static void
testFifo(void)
{
    g_auto(Place) place = { 0 };
    g_autofree char *link = NULL;

    placeInit(&place);
    g_assert_cmpint(mkfifo(place.path, 0600), ==, 0);
    assertRefuses(place.path, "a pipe");

    link = g_strconcat(place.path, "-link", NULL);
    g_assert_cmpint(symlink(place.path, link), ==, 0);
    assertRefuses(link, "a pipe");
    g_unlink(link);
}

/* A writer notices whether somebody opened the other end: nobody did. */
static void
testFifoIsNotOpened(void)
{
    g_auto(Place) place = { 0 };
    int reader = -1;
    int writer = -1;
    char byte = 0;

    placeInit(&place);
    g_assert_cmpint(mkfifo(place.path, 0600), ==, 0);
    reader = open(place.path, O_RDONLY | O_NONBLOCK);
    writer = open(place.path, O_WRONLY | O_NONBLOCK);
    g_assert_cmpint(write(writer, "x", 1), ==, 1);
    assertRefuses(place.path, "a pipe");
    g_assert_cmpint(read(reader, &byte, 1), ==, 1);
    close(reader);
    close(writer);
}

static void
testSocket(void)
{
    g_auto(Place) place = { 0 };
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    placeInit(&place);
    g_strlcpy(address.sun_path, place.path, sizeof(address.sun_path));
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    assertRefuses(place.path, "a socket");
    close(fd);
}

static void
testOthers(void)
{
    assertRefuses("/tmp", "a folder");
    assertRefuses("/dev/null", "a device");
    assertRefuses("/dev/zero", "a device");
    assertRefuses("/dev/full", "a device");
    assertRefuses("/proc/self/status", "kernel file");
    assertRefuses("/proc/uptime", "kernel file");
    assertRefuses("/nowhere/at/all", "No such file");
    assertRefuses("/tmp/", "a folder");
    assertRefuses("", "No such file");
}

/* What is behind them may be anything that this process has open. */
static void
testDescriptors(void)
{
    int pipes[2] = { -1, -1 };
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;

    g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
    path = g_strdup_printf("/proc/self/fd/%d", pipes[0]);
    g_assert_false(fileRead(path, &data, NULL, &error));
    g_assert_nonnull(error);
    close(pipes[0]);
    close(pipes[1]);
}

/* A lease makes who opens the file wait until its holder gives it up, for 45 s at most. */
static void
testLease(void)
{
    g_auto(Place) place = { 0 };
    gint64 before = 0;
    int fd = -1;

    placeInit(&place);
    write_(place.path, "text", 4);
    fd = open(place.path, O_RDWR | O_CLOEXEC);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0) {
        close(fd);
        g_test_skip("this file system has no leases");
        return;
    }
    signal(SIGIO, SIG_IGN);

    before = g_get_monotonic_time();
    assertRefuses(place.path, "");
    g_assert_cmpint(g_get_monotonic_time() - before, <, 10 * G_USEC_PER_SEC);
    close(fd);
}

static void
testTooFewDescriptors(void)
{
    g_auto(Place) place = { 0 };
    g_autoptr(GError) error = NULL;
    g_autofree char *data = NULL;
    struct rlimit old = { 0 };
    struct rlimit none = { 0 };
    gboolean ok = FALSE;

    placeInit(&place);
    write_(place.path, "text", 4);
    getrlimit(RLIMIT_NOFILE, &old);
    none = old;
    none.rlim_cur = 3;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    ok = fileRead(place.path, &data, NULL, &error);
    setrlimit(RLIMIT_NOFILE, &old);

    g_assert_false(ok);
    g_assert_true(fileErrorIsShort(error));
    g_assert_nonnull(strstr(error->message, "too few file descriptors"));
    g_assert_nonnull(strstr(error->message, "LimitNOFILE="));
    g_assert_true(fileIsShort(EMFILE) && fileIsShort(ENFILE) && !fileIsShort(ENOENT));
    g_assert_nonnull(strstr(fileErrorText(ENFILE), "fs.file-max"));
    g_assert_cmpstr(fileErrorText(ENOENT), ==, g_strerror(ENOENT));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/file/regular", testRegular);
    g_test_add_func("/file/too-long", testTooLong);
    g_test_add_func("/file/fifo", testFifo);
    g_test_add_func("/file/fifo-is-not-opened", testFifoIsNotOpened);
    g_test_add_func("/file/socket", testSocket);
    g_test_add_func("/file/others", testOthers);
    g_test_add_func("/file/descriptors", testDescriptors);
    g_test_add_func("/file/lease", testLease);
    g_test_add_func("/file/too-few-descriptors", testTooFewDescriptors);
    return g_test_run();
}
