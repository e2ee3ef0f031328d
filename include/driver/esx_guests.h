/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The door for clients of a daemon that may not choose (esx_auth.h): LIMIT_GUEST_OPENS of them open
 * a connection at a time. Each takes one of the daemon's workers for as long as a host is silent,
 * and with all of them taken nobody would be served.
 */

/*
 * Waits for a place, LIMIT_GUEST_WAIT_MS at most. Returns: FALSE: there was none; TRUE: there is
 * one, to be given back by esxGuestsLeave().
 */
gboolean esxGuestsEnter(void);
void esxGuestsLeave(void);
