/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * Appends a whole request envelope for @method to @out. @args is a struct of method->request (the
 * caller sets the fields; object->type of every object in it must be set: use VIM_INIT). Absent
 * optional fields are omitted (real servers reject empty ones). If @method has a secret parameter,
 * room for the whole request is reserved in @out first, so that the secret is in only one place of
 * memory, which the caller erases.
 *
 * Returns: FALSE with SOAP_ERROR_VALUE if a required field is missing, an object is not of its
 * field's type, or a string is not UTF-8 or has a character that XML does not allow; then @out has
 * a part of the request.
 */
gboolean soapEncodeRequest(const SoapMethod *method, gconstpointer args, GString *out,
                           GError **error);
