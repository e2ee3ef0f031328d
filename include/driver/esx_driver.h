/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The connection driver: opens and closes connections, and answers the few calls about host and
 * domains without which virsh, virt-manager or libvirt-python fail on opening. It shows no domains:
 * there are always none, and what needs one is NO_SUPPORT.
 *
 * An open that finds no login to share makes two requests (who are you, login), or one more and its
 * pages with path= of vpx://; the close of a login makes one (logout).
 */
extern virHypervisorDriver esxHypervisorDriver;
