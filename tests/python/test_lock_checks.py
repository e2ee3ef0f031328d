# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint that hold the tables of threads and locks to the code: what is planted is found."""

from __future__ import annotations

import pytest
from planted import pages

import lock_checks

TABLE = """
| thread | what for |
|---|---|
| `esx-live`, one a server | waits |

| lock | guards | held across the network |
|---|---|---|
| `Outer.lock` | what is outside{before} | {network} |
| `Inner.lock` | what is inside | never |
| `alone` (a.c) | nothing | never |

"""
SHAPES = """
typedef struct {
    GMutex lock;
} Inner;

struct _Outer {
    GMutex lock;
};

static GMutex alone;

static void
takeInner(Inner *inner)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inner->lock);
}

static void
callOnce(Inner *inner)
{
    takeInner(inner);
}
"""
NESTED = """
static void
nest(Outer *outer)
{
    g_mutex_lock(&outer->lock);
    callOnce(outer->inner);
    g_mutex_unlock(&outer->lock);
}
"""
ASKING = """
static void
ask(Outer *outer)
{
    g_mutex_lock(&outer->lock);
    httpTransportPerform(outer->transport);
    g_mutex_unlock(&outer->lock);
}

gboolean
httpTransportPerform(HttpTransport *transport)
{
    return TRUE;
}
"""
RELEASED = """
static void
lockedWait(Outer *outer)
{
    g_mutex_unlock(&outer->lock);
    callOnce(outer->inner);
    g_mutex_lock(&outer->lock);
}

static void
wait(Outer *outer)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&outer->lock);

    lockedWait(outer);
    g_clear_pointer(&locker, g_mutex_locker_free);
    takeInner(outer->inner);
}
"""
EARLY = """
static void
early(Outer *outer)
{
    g_mutex_lock(&outer->lock);
    if (!outer->inner) {
        g_mutex_unlock(&outer->lock);
        return;
    }
    takeInner(outer->inner);
    g_mutex_unlock(&outer->lock);
}
"""
BELOW_A_MACRO = """
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outer, outerFree)

static void
callBelow(Inner *inner)
{
    takeInner(inner);
}

static void
nestBelow(Outer *outer)
{
    g_mutex_lock(&outer->lock);
    callBelow(outer->inner);
    g_mutex_unlock(&outer->lock);
}
"""


def found(code: str, before: str = "", network: str = "never") -> list[str]:
    texts = {lock_checks.PAGE: TABLE.format(before=before, network=network), "src/vi/a.c": SHAPES + code}
    return list(lock_checks.check_locks(pages(texts)))


@pytest.mark.parametrize("code", [NESTED, EARLY, BELOW_A_MACRO])
def test_a_lock_that_is_taken_while_another_is_held_is_found(code: str):
    (complaint,) = found(code)
    assert "the row of Outer.lock does not say that Inner.lock is taken while it is held: " in complaint
    assert found(code, before="; taken before `Inner.lock`") == []


def test_a_request_with_a_lock_is_found():
    (complaint,) = found(ASKING)
    assert complaint.endswith("Outer.lock is held across the network: ask → httpTransportPerform")
    assert found(ASKING, network="yes") == []


def test_what_is_called_without_the_lock_is_not():
    assert found(RELEASED) == []


def test_a_lock_without_a_row_is_found():
    (complaint,) = found("static GMutex another;\n")
    assert complaint == f"src/vi/a.c:{SHAPES.count(chr(10)) + 1}: another has no row in {lock_checks.PAGE}"


def test_a_thread_without_a_row_is_found():
    texts = {lock_checks.PAGE: TABLE, "src/vi/a.c": 'threadStart("esx-live", a);\nthreadStart("esx-new", b);\n'}
    (complaint,) = lock_checks.check_threads(pages(texts))
    assert "esx-new" in complaint
