/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_session.h"

/*
 * How VI methods are called, except those that begin and end the session (lint). The method's
 * replay rule decides what happens if something breaks during the call:
 *
 *            session ended              connection broke             server went silent
 *   SAFE     renew, send again (once)   send again (once)            error
 *   SESSION  renew, SESSION_RENEWED     error; the caller builds its objects again
 *   ONCE     renew, send again (once)   OUTCOME_UNKNOWN              OUTCOME_UNKNOWN
 *
 * (NotAuthenticated means that the server did not begin, so a ONCE call may be sent again.)
 */

/*
 * Calls @method. @options may be NULL.
 *
 * Returns: the decoded reply (transfer full), which has no fault: faults are errors. NULL with
 * @error.
 */
SoapReply *viCall(ViSession *session, const SoapMethod *method, gconstpointer args,
                  const ViCallOptions *options, GError **error);
