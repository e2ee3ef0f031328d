/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * SOAP codec: converts bytes to objects and back, by the tables. Pure: it opens no files and no
 * sockets, reads no DTD, and expands only XML's five entities. It compares namespaces, not
 * prefixes. These are its parts:
 */
#include "soap_decode.h"
#include "soap_encode.h"
#include "soap_error.h"
