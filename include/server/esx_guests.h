/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_places.h"

/*
 * The bound on restricted clients of a daemon (esx_auth.h): at most LIMIT_GUEST_PLACES of their
 * calls wait for servers at a time, in the whole process; opening a connection counts as a call.
 * Each occupies one of the daemon's workers as long as a host is silent. With all workers occupied,
 * no client would be served.
 *
 * Begins such a call: see placesVisit().
 */
PlacesVisit *esxGuestsVisit(void);
