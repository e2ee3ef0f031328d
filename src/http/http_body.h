/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_setup.h"

/* libcurl's callbacks for the contents of one request, whose HttpCall is @opaque. */

/* CURLOPT_WRITEFUNCTION: hands a piece of the reply to the sink. */
size_t httpBodyTake(char *data, size_t size, size_t count, void *opaque);

/* CURLOPT_READFUNCTION: asks the source, for at most what was announced. */
size_t httpBodyGive(char *data, size_t size, size_t count, void *opaque);

/* Returns: TRUE with HTTP_ERROR_CANCELLED when the request's cancel flag is raised. */
gboolean httpCallIsCancelled(const HttpCall *call, GError **error);
