/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A table of what was used last. See base_recent.h. */

#include "base_recent.h"

#include "base_hash.h"

typedef struct {
    char *key;
    gpointer value;
    size_t weight;
    GList link;             /* of Recent.order; its data is the entry */
} Entry;

struct _Recent {
    guint maxEntries;
    size_t maxWeight;
    GDestroyNotify unref;
    GHashTable *entries;    /* Entry.key → Entry */
    GQueue order;           /* the entry used last first */
    size_t weight;          /* of all */
};

Recent *
recentNew(guint maxEntries, size_t maxWeight, GDestroyNotify unref)
{
    Recent *recent = g_new0(Recent, 1);

    recent->maxEntries = maxEntries;
    recent->maxWeight = maxWeight;
    recent->unref = unref;
    recent->entries = g_hash_table_new(hashText, g_str_equal);
    g_queue_init(&recent->order);
    return recent;
}

static void
dropEntry(Recent *recent, Entry *entry)
{
    g_hash_table_remove(recent->entries, entry->key);
    g_queue_unlink(&recent->order, &entry->link);
    recent->weight -= entry->weight;
    recent->unref(entry->value);
    g_free(entry->key);
    g_free(entry);
}

void
recentFree(Recent *recent)
{
    if (!recent)
        return;
    while (recent->order.tail)
        dropEntry(recent, recent->order.tail->data);
    g_hash_table_unref(recent->entries);
    g_free(recent);
}

static void
trimRecent(Recent *recent)
{
    while (recent->order.length > recent->maxEntries || recent->weight > recent->maxWeight)
        dropEntry(recent, recent->order.tail->data);
}

gpointer
recentFind(Recent *recent, const char *key)
{
    Entry *entry = g_hash_table_lookup(recent->entries, key);

    if (!entry)
        return NULL;
    g_queue_unlink(&recent->order, &entry->link);
    g_queue_push_head_link(&recent->order, &entry->link);
    return entry->value;
}

void
recentAdd(Recent *recent, const char *key, gpointer value)
{
    Entry *old = g_hash_table_lookup(recent->entries, key);
    Entry *entry = g_new0(Entry, 1);

    entry->key = g_strdup(key);
    entry->value = value;
    entry->link.data = entry;
    if (old)
        dropEntry(recent, old);
    g_hash_table_insert(recent->entries, entry->key, entry);
    g_queue_push_head_link(&recent->order, &entry->link);
    trimRecent(recent);
}

void
recentWeigh(Recent *recent, const char *key, gconstpointer value, size_t weight)
{
    Entry *entry = g_hash_table_lookup(recent->entries, key);

    if (!entry || entry->value != value)
        return;
    if (weight > recent->maxWeight) {
        dropEntry(recent, entry);
        return;
    }
    recent->weight = recent->weight - entry->weight + weight;
    entry->weight = weight;
    trimRecent(recent);
}

guint
recentLength(const Recent *recent)
{
    return recent->order.length;
}

size_t
recentWeight(const Recent *recent)
{
    return recent->weight;
}
