# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""SessionManager: login and logout."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlsplit

from esxkit.fake.accounts import FILES
from esxkit.fake.call import Call
from esxkit.fake.core import Service
from esxkit.fake.objects.datastore import Datastore
from esxkit.fake.objects.service_instance import now
from esxkit.fake.registry import ManagedObject
from esxkit.fake.tickets import file_of
from esxkit.model.objects import make
from esxkit.wire.faults import VimFault, invalid_argument


class SessionManager(ManagedObject):
    """The session manager."""

    vi_name = "SessionManager"

    def prop_currentSession(self, session: Any) -> Any:
        return session.user if session is not None else None

    def prop_sessionList(self, session: Any) -> list[Any]:
        return [s.user for s in self.registry.service.sessions.all()] if session is not None else []

    async def Login(self, call: Call, userName: str, password: str, locale: str | None) -> Any:
        if call.session is not None:
            raise VimFault("InvalidLogin", "Cannot complete login: the session is logged in already.")
        table = call.service.sessions
        if not table.try_password(userName, password):
            raise VimFault("InvalidLogin")
        # 5.5 keeps the cookie it handed out before, later releases send another one.
        kept = call.cookie if call.service.like_5_5 else None
        session = table.open(userName, locale, now(), call.agent, call.address, kept)
        if session.cookie != call.cookie:
            call.new_cookie = session.cookie
        return session.user

    async def Logout(self, call: Call) -> None:
        call.service.sessions.end(call.login)

    async def SessionIsActive(self, call: Call, sessionID: str, userName: str) -> bool:
        if not call.service.is_vcenter:
            raise VimFault("NotSupported")
        return any(s.key == sessionID and s.user.userName == userName for s in call.service.sessions.all())

    async def TerminateSession(self, call: Call, sessionId: list[str]) -> None:
        by_key = {s.key: s for s in call.service.sessions.all()}
        for key in sessionId:
            if key not in by_key:
                raise VimFault("NotFound")
            if by_key[key] is call.session:
                raise VimFault("InvalidArgument", invalidProperty="sessionId")
            call.service.sessions.end(by_key[key])

    async def AcquireGenericServiceTicket(self, call: Call, spec: Any) -> Any:
        service = call.service
        if not service.is_vcenter or service.options.tickets == "none" or service.tickets.listener is None:
            raise VimFault("NotSupported")
        parts = urlsplit(spec.url or "")
        _, datastore = file_of(parts.path, parts.query)
        if parts.scheme != "https" or not parts.path.startswith("/folder/"):
            raise invalid_argument("url")
        if not _mounts(service, parts.hostname or "", datastore):
            raise invalid_argument("url")
        for store in service.registry.of_type(Datastore):
            if store.plain_name == datastore:
                service.accounts.check(store, FILES)
        identifier = service.tickets.issue(getattr(spec, "method", None), parts.path, parts.query)
        listener = service.tickets.listener
        return make(
            "SessionManagerGenericServiceTicket",
            id=identifier,
            hostName=service.tickets.host_name(),
            sslThumbprint=listener.sha1,
            certThumbprintList=[
                make("VirtualMachineCertThumbprint", thumbprint=listener.sha256, hashAlgorithm="sha256")
            ],
        )

    async def SetLocale(self, call: Call, locale: str) -> None:
        user = copy.copy(call.login.user)
        user.locale = locale
        call.login.user = user


def _mounts(service: Service, host: str, datastore: str) -> bool:
    """Whether a host of that name has mounted an accessible datastore of that name."""
    for store in service.registry.of_type(Datastore):
        if store.plain_name == datastore and store.accessible:
            hosts = (service.registry.get(mount.key) for mount in store.read("host"))
            if host.lower() in {one.read("name").lower() for one in hosts}:
                return True
    return False
