/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * Appends a whole request envelope for @method to @out. @args is a struct of method->request (the
 * caller sets fields; object->type of every object in it must be set: use VIM_INIT). Absent
 * optionals are left out entirely (real servers reject empty ones). When @method has a secret
 * parameter, @out is given room for the whole beforehand, so that the secret is in one place of
 * memory, which the caller erases.
 *
 * Returns: FALSE with SOAP_ERROR_VALUE when a required field is missing, an object is not of its
 * field's type, or a string is not UTF-8 or has a character XML cannot carry; then @out has a part
 * of the request.
 */
gboolean soapEncodeRequest(const SoapMethod *method, gconstpointer args, GString *out,
                           GError **error);
