# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``./dev matrix``: every verb, at every request it makes, in every trouble.

A *cell* is one verb, run against a fake host that does one thing wrong at one of the verb's requests. The verb may fail
or succeed. What must hold is in `judge.py`: nobody crashes or hangs, what is reported is true, the datastore is as it
was, as it should be, or has a leftover that the error names, and the next call works.

    plan (verbs, requests, troubles, modes, kinds)        ──►  workers, each with fakes, daemons, clients of its own
                                                                 │ recording: a calm run, its requests, its result
                                                                 ▼
                                                             cells ──► verdicts ──► report
"""
