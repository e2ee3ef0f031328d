# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The switches of the fake: what a test can turn, on the command line, from Python and at run time."""

from __future__ import annotations

from typing import Any

import attrs

TICKETS = ("host", "none", "unreachable", "localhost")
EXPIRY_STYLES = ("fault", "empty", "missingset")
DESTSPEC_STYLES = ("notimplemented", "ignore", "accept")
DISK_FILE_DELETE_STYLES = ("descriptor", "nothing")
PUT_REFUSALS = ("early-close", "polite")
LONG_POLLS = ("wait", "fault", "empty")
ENDED_WAITS = ("canceled", "fault")
PARTIAL_PUTS = ("keep", "drop")
CERTIFICATES = ("good", "selfsigned", "expired", "wronghost", "hostile", "hostile-subject")

START_ONLY = frozenset({"port", "plain_port", "certificate", "state"})
"""Switches that only mean something when the fake starts."""


def _one_of(*allowed: str) -> Any:
    return attrs.validators.in_(allowed)


_NOT_NEGATIVE = attrs.validators.ge(0)


@attrs.define(kw_only=True)
class FakeOptions:
    """Everything adjustable. Times are seconds unless the name says otherwise; 0 mostly means "off".

    All but those marked (start) can be changed while the server runs.
    """

    port: int = 0
    """(start) TCP port of the HTTPS listener on 127.0.0.1; 0 picks a free one."""
    plain_port: int | None = None
    """(start) port of a second listener without TLS; 0 picks one, None means none."""
    certificate: str = attrs.field(default="good", validator=_one_of(*CERTIFICATES))
    """(start) good: signed by the CA in cacert, for 127.0.0.1, ::1 and localhost."""
    state: str = ""
    """(start) a folder that keeps files, free space and certificate over the end of the process; empty: none."""
    username: str = "root"
    password: str = "fake password & <xml>"
    latency_ms: float = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Delay of each HTTP request; concurrent requests wait side by side."""
    task_ms: float = attrs.field(default=20, validator=_NOT_NEGATIVE)
    """How long a task runs. 0: it is finished before the method that started it returns."""
    task_bytes_per_second: float = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """How fast tasks copy and zero, beside task_ms; 0: as fast as it goes."""
    destspec_vcenter: str = attrs.field(default="notimplemented", validator=_one_of(*DESTSPEC_STYLES))
    """What a vCenter does with the destSpec of CopyVirtualDisk_Task: a fault NotImplemented, ignore it, or accept."""
    lazy_free_space: bool = False
    """True: summary.freeSpace only changes at RefreshDatastore, as periodically on real servers."""
    refuse_base_query: bool = False
    """True: a search with a plain FileQuery faults InvalidArgument."""
    disk_file_delete: str = attrs.field(default="descriptor", validator=_one_of(*DISK_FILE_DELETE_STYLES))
    """What DeleteDatastoreFile_Task does to a disk's descriptor: deletes that file alone, or nothing; both succeed."""
    session_cap: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Number of sessions after which a request without a session gets 503; 0 is no limit."""
    idle_seconds: float = attrs.field(default=1800, validator=_NOT_NEGATIVE)
    """A session not used for so long is gone; 0 is never. A request that is being answered uses it."""
    session_seconds: float = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """A session so old is ended, in use or not; 0 is never."""
    ended_wait: str = attrs.field(default="canceled", validator=_one_of(*ENDED_WAITS))
    """How a blocked wait ends with its session: RequestCanceled, or the fault NotAuthenticated."""
    long_polls: str = attrs.field(default="wait", validator=_one_of(*LONG_POLLS))
    """What WaitForUpdatesEx with time to wait does: waits, faults NotSupported, or answers at once."""
    cancel_whole_session: bool = False
    """True: CancelWaitForUpdates ends the waits of all collectors of the session, not of its own only."""
    idle_cut_seconds: float = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """A proxy in between cuts connections on which nothing went by for so long, long polls too; 0 is never."""
    expiry_style: str = attrs.field(default="empty", validator=_one_of(*EXPIRY_STYLES))
    """How RetrieveProperties[Ex] answers a caller without session; every other method faults."""
    lockout_after: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Wrong passwords after which every login fails for lockout_seconds; 0 is never."""
    lockout_seconds: float = attrs.field(default=900, validator=_NOT_NEGATIVE)
    tickets: str = attrs.field(default="host", validator=_one_of(*TICKETS))
    """What a vCenter answers to AcquireGenericServiceTicket: a ticket for the host, NotSupported, one for a host that
    does not answer, or one for "localhost.localdomain"."""
    restricted: bool = False
    """Free licence: everything that changes state faults RestrictedVersion."""
    folder_limit: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Requests of the file API at the same time above which further ones get 503; 0 is no limit."""
    rate_limit: float = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Bytes a second that each connection moves of files' contents, either way; 0 is no limit."""
    expire_at_byte: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """All sessions end when a file's transfer has reached that byte, and this is 0 again; 0 is never."""
    put_refusal: str = attrs.field(default="early-close", validator=_one_of(*PUT_REFUSALS))
    """A PUT to /folder is refused before its body is read, and the connection closed; or politely after it."""
    partial_put: str = attrs.field(default="keep", validator=_one_of(*PARTIAL_PUTS))
    """What happens to the file of a PUT that breaks in the middle: it keeps what has come, or it is deleted."""
    page_size: int = attrs.field(default=100, validator=attrs.validators.ge(1))
    """Objects in a page of RetrievePropertiesEx, object updates in one of WaitForUpdatesEx."""
    update_page: int = attrs.field(default=0, validator=_NOT_NEGATIVE)
    """Object updates in a page of WaitForUpdatesEx, if that is fewer than page_size; 0: page_size."""
    gzip: bool = False
    """Whether SOAP replies are gzipped for clients that accept it."""
    chunk_above: int = attrs.field(default=8192, validator=_NOT_NEGATIVE)
    """Replies longer than this have no Content-Length but are chunked, as hostd does."""
    item_types: bool = True
    """False: items of an array in an anyType carry no xsi:type, as vcsim's."""
    unknown_elements: bool = False
    """True: every data object has an element the schema does not know."""
    renamed_types: dict[str, str] = attrs.field(factory=dict)
    """xsi:type names sent in place of real ones: unknown subtypes of a newer server."""
    xsi_prefix: str = "xsi"
    """Prefix of the XMLSchema-instance namespace."""

    trace: str = ""
    """File to which every request and reply is appended, without passwords; empty is none."""

    def update(self, changes: dict[str, Any]) -> None:
        """Change several switches at once. KeyError with the sentence for an unknown name."""
        fields = {field.name for field in attrs.fields(type(self))}
        for name in changes:
            if name not in fields:
                raise KeyError(f"The fake has no option '{name}'.")
        for name, value in changes.items():
            setattr(self, name, value)
