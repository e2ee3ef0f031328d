/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * Writes @object as indented "name: value" lines, for tests; SECRET fields as "***".
 * The first line is the type's name, with the wire's name behind it where that is another.
 *
 * Returns: (transfer full).
 */
char *soapDump(gconstpointer object);
