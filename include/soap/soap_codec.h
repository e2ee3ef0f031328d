/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * SOAP codec: bytes to objects and back, by the tables. Pure: it opens no file and no socket, no
 * DTD is read, no entity but XML's five is expanded. Namespaces are compared, never prefixes. This
 * is all of it:
 */
#include "soap_decode.h"
#include "soap_encode.h"
#include "soap_error.h"
