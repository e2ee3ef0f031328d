/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_places.h"

/*
 * The bound on clients of a daemon that may not choose (esx_auth.h): LIMIT_GUEST_PLACES calls of
 * theirs wait for servers at a time, in the whole process; opening a connection is a call. Each
 * takes one of the daemon's workers for as long as a host is silent, and with all of them taken
 * nobody would be served.
 *
 * Begins such a call: see placesVisit().
 */
PlacesVisit *esxGuestsVisit(void);
