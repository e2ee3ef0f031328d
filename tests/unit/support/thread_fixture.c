/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "thread_fixture.h"

#include <string.h>
#include <unistd.h>

/* Looks in a row that must find a thread asleep: one alone may have met it waiting for a mutex. */
#define LOOKS 20
#define PATIENCE_LOOKS 50000

typedef struct {
    Crew *crew;
    GThread *thread;
    gint id;            /* the kernel's; atomic */
    gint ended;         /* atomic */
} Member;

struct _Crew {
    guint n;
    Member *members;
    void (*work)(gpointer data);
    gpointer data;
};

static gpointer
run(gpointer opaque)
{
    Member *member = opaque;

    g_atomic_int_set(&member->id, (gint)gettid());
    member->crew->work(member->crew->data);
    g_atomic_int_set(&member->ended, 1);
    return NULL;
}

Crew *
crewStart(guint n, void (*work)(gpointer data), gpointer data)
{
    Crew *crew = g_new0(Crew, 1);
    guint i;

    crew->n = n;
    crew->members = g_new0(Member, n);
    crew->work = work;
    crew->data = data;
    for (i = 0; i < n; i++) {
        crew->members[i].crew = crew;
        crew->members[i].thread = g_thread_new("crew", run, &crew->members[i]);
    }
    return crew;
}

/* "1234 (crew) S …": the letter behind the name. */
static gboolean
isAsleep(Member *member)
{
    g_autofree char *path = NULL;
    g_autofree char *text = NULL;
    const char *name = NULL;

    if (g_atomic_int_get(&member->id) == 0 || g_atomic_int_get(&member->ended))
        return FALSE;
    path = g_strdup_printf("/proc/self/task/%d/stat", g_atomic_int_get(&member->id));
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    name = strrchr(text, ')');
    return name && g_str_has_prefix(name, ") S");
}

void
crewAwaitAsleep(Crew *crew, guint n)
{
    guint inRow = 0;
    guint looks;
    guint i;

    for (looks = 0; looks < PATIENCE_LOOKS; looks++) {
        guint asleep = 0;

        for (i = 0; i < crew->n; i++)
            asleep += isAsleep(&crew->members[i]) ? 1 : 0;
        inRow = asleep == n ? inRow + 1 : 0;
        if (inRow == LOOKS)
            return;
        g_usleep(1000);
    }
    g_error("%u threads do not come to rest", n);
}

void
crewJoin(Crew *crew)
{
    guint i;

    for (i = 0; i < crew->n; i++)
        g_thread_join(crew->members[i].thread);
    g_free(crew->members);
    g_free(crew);
}
