/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The path is resolved once, to a descriptor that only points at the file (O_PATH): getting it
 * opens no device and does not wait. That file is checked, and then opened for reading through
 * /proc/self/fd, so that it cannot be replaced in between.
 */

#include "base_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base_limits.h"
#include "base_text.h"

/*
 * File systems whose files the kernel generates: reading them may consume something, wait, or not
 * end, and their sizes mean nothing. From linux/magic.h and the sources of Linux 6.1; numbers stand
 * for those that the former does not name.
 */
static const guint32 kernelFileSystems[] = {
    0x00009fa0,     /* proc */
    0x62656572,     /* sysfs */
    0x64626720,     /* debugfs */
    0x74726163,     /* tracefs */
    0x73636673,     /* securityfs */
    0xf97cff8c,     /* selinuxfs */
    0x43415d53,     /* smackfs */
    0x5a3c69f0,     /* apparmorfs */
    0x0027e0eb,     /* cgroup */
    0x63677270,     /* cgroup2 */
    0x07655821,     /* resctrl */
    0xcafe4a11,     /* bpf */
    0x6165676c,     /* pstore */
    0xde5e81e4,     /* efivarfs */
    0x42494e4d,     /* binfmt_misc */
    0x62656570,     /* configfs */
    0x65735543,     /* fusectl */
    0x19800202,     /* mqueue */
    0x6e736673,     /* nsfs */
    0x09041934,     /* anonymous inodes */
    0x50495045,     /* pipes */
    0x534f434b,     /* sockets */
    0x00001cd1,     /* devpts */
    0x00000187,     /* autofs */
    0x6e667364,     /* nfsd */
    0x67596969,     /* rpc_pipefs */
    0xabba1974,     /* xenfs */
    0x00009fa2,     /* usbfs */
    0x454d444d,     /* devmem */
    0x444d4142,     /* dma-buf */
};

typedef int AutoFd;

static void
autoFdClose(AutoFd *fd)
{
    if (*fd >= 0)
        close(*fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(AutoFd, autoFdClose)

gboolean
fileIsShort(int error)
{
    return error == EMFILE || error == ENFILE;
}

int
fileProbe(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);
    int error = fd < 0 && fileIsShort(errno) ? errno : 0;

    autoFdClose(&fd);
    return error;
}

const char *
fileErrorText(int error)
{
    if (error == EMFILE)
        return "this process has too few file descriptors; close connections, or raise its limit "
               "(LimitNOFILE= of a service, ulimit -n)";
    if (error == ENFILE)
        return "this system has too few file descriptors; close files, or raise fs.file-max";
    return g_strerror(error);
}

gboolean
fileErrorIsShort(const GError *error)
{
    return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_MFILE) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NFILE);
}

/* Takes errno. */
static gboolean
failBySystem(GError **error)
{
    const int number = errno;

    g_set_error_literal(error, G_FILE_ERROR, g_file_error_from_errno(number),
                        fileErrorText(number));
    return FALSE;
}

static gboolean G_GNUC_PRINTF(2, 3)
refuseFile(GError **error, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    textToErrorV(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, format, args);
    va_end(args);
    return FALSE;
}

/* Opens @path with O_PATH. A kernel or a sandbox without openat2 resolves /proc/PID/fd as well. */
static int
openPath(const char *path)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd < 0 && (errno == ENOSYS || errno == EPERM))
        fd = open(path, O_PATH | O_CLOEXEC);
    return fd;
}

static const char *
kindOfMode(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a folder";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    case S_IFCHR:
    case S_IFBLK:
        return "a device";
    default:
        return "an unknown kind of file";
    }
}

static gboolean
isOfKernel(guint32 fileSystem)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kernelFileSystems); i++) {
        if (kernelFileSystems[i] == fileSystem)
            return TRUE;
    }
    return FALSE;
}

/* Whether what @fd points at may be opened. @ret_size: of the file. */
static gboolean
judgeFile(int fd, size_t *ret_size, GError **error)
{
    struct stat status = { 0 };
    struct statfs fileSystem = { 0 };

    if (fstat(fd, &status) < 0 || fstatfs(fd, &fileSystem) < 0)
        return failBySystem(error);
    if (!S_ISREG(status.st_mode))
        return refuseFile(error, "it is %s, not a regular file", kindOfMode(status.st_mode));
    if (isOfKernel((guint32)fileSystem.f_type))
        return refuseFile(error, "it is a kernel file, such as those in /proc and /sys");
    if (status.st_size > LIMIT_FILE_BYTES)
        return refuseFile(error, "it is longer than %d bytes", LIMIT_FILE_BYTES);

    *ret_size = (size_t)status.st_size;
    return TRUE;
}

/* Reads to the end, but at most @size + 1 bytes. Returns: how many; -1 with errno. */
static ssize_t
readUpTo(int fd, char *data, size_t size)
{
    size_t length = 0;

    while (length <= size) {
        ssize_t count = read(fd, data + length, size + 1 - length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

static gboolean
readWholeFile(int fd, size_t size, char **ret_data, gsize *ret_length, GError **error)
{
    g_autofree char *data = g_malloc0(size + 2);
    ssize_t length = readUpTo(fd, data, size);

    if (length < 0 || (size_t)length > size) {
        if (length < 0)
            failBySystem(error);
        else
            refuseFile(error, "it grew while it was being read");
        explicit_bzero(data, size + 1);
        return FALSE;
    }

    *ret_data = g_steal_pointer(&data);
    if (ret_length)
        *ret_length = (gsize)length;
    return TRUE;
}

gboolean
fileRead(const char *path, char **ret_data, gsize *ret_length, GError **error)
{
    g_auto(AutoFd) pointer = -1;
    g_auto(AutoFd) fd = -1;
    char link[sizeof("/proc/self/fd/2147483647")] = "";
    size_t size = 0;

    pointer = openPath(path);
    if (pointer < 0)
        return failBySystem(error);
    if (!judgeFile(pointer, &size, error))
        return FALSE;
    /* Not opened: files of the kernel often claim to be empty when they are not. */
    if (size == 0) {
        *ret_data = g_strdup("");
        if (ret_length)
            *ret_length = 0;
        return TRUE;
    }

    /* O_NONBLOCK: do not wait for the holder of a lease. */
    g_snprintf(link, sizeof(link), "/proc/self/fd/%d", pointer);
    fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return failBySystem(error);
    return readWholeFile(fd, size, ret_data, ret_length, error);
}
