/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_codec.h"
#include "vim_types.h"

/* Replies for the tests of the soap floor. */

/* Returns: (transfer full): @body in an envelope as ESX writes it. */
char *fixtureEnvelope(const char *body);

/* Returns: (transfer full) a RetrievePropertiesEx reply with one property, @val, a <val>. */
char *fixtureProperty(const char *val);

/* Decodes all of @xml at once. */
SoapReply *fixtureDecode(const SoapMethod *method, const char *xml, GError **error);

/* Decodes @xml, which must be good. */
SoapReply *fixtureDecodeGood(const SoapMethod *method, const char *xml);

/* The decoding of @xml must fail with @code and @phrase in the message. */
void fixtureDecodeBad(const SoapMethod *method, const char *xml, SoapErrorCode code,
                      const char *phrase);

/* Returns: (transfer none): the value of the one property of fixtureProperty(). */
const SoapAny *fixtureValue(const SoapReply *reply);

/* @message must contain @phrase. */
void fixtureAssertContains(const char *message, const char *phrase);
