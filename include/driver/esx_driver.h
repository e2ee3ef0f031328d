/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The connection driver: opens and closes connections, and implements the few calls about host and
 * domains without which virsh, virt-manager or libvirt-python fail on opening. It has no domains;
 * calls that need one are NO_SUPPORT.
 *
 * An open without a login to share sends two requests (service content, login), or with path= of
 * vpx:// one more and its pages; closing a login sends one (logout).
 */
extern virHypervisorDriver esxHypervisorDriver;
