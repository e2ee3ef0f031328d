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
 * Opening makes two requests (who are you, login), closing one (logout). With path= of vpx:// one
 * more, and its pages.
 */
extern virHypervisorDriver esxHypervisorDriver;
