/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One bound for all guests. */

#include "esx_guests.h"

#include "base_limits.h"

static Places guests = PLACES_INIT(LIMIT_GUEST_PLACES,
    "too many restricted clients are opening connections or waiting for servers; try again later, "
    "or connect as root or with connect:write, where the number is not limited");

PlacesVisit *
esxGuestsVisit(void)
{
    return placesVisit(&guests);
}
