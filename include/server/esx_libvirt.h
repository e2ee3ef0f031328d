/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * libvirt's private API, for the floors from server to driver: the only file that includes its
 * headers. They are from the source of exactly the installed version, and so are the symbols they
 * declare: a module loads into that version only.
 */

#include "internal.h"

#include "access/viraccessmanager.h"
#include "capabilities.h"
#include "datatypes.h"
#include "driver.h"
#include "storage_capabilities.h"
#include "storage_conf.h"
#include "storage_event.h"
#include "virauth.h"
#include "virerror.h"
#include "viridentity.h"
#include "virlog.h"
#include "viruri.h"
#include "viruuid.h"
#include "virxml.h"

#include "viraccessapicheck.h"

/* The origin of errors, for libvirt's error macros. */
#define VIR_FROM_THIS VIR_FROM_ESX
