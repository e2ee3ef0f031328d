# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The way a request takes through the fake.

    body ─► parse ─► rules (injected trouble) ─► session, privilege ─► object ─► method ─► reply

No HTTP here: `handle` takes bytes and gives a Reply.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from esxkit.fake import accounts
from esxkit.fake.call import Call
from esxkit.fake.connections import Connection
from esxkit.fake.core import Service
from esxkit.fake.objects.property_collector import ANONYMOUS
from esxkit.fake.registry import ManagedObject, method_not_found
from esxkit.fake.troubles import Rule
from esxkit.fake.updates import ClientGone
from esxkit.wire import response
from esxkit.wire.faults import VimFault, not_authenticated, object_not_found
from esxkit.wire.request import BadRequest, Request, UnknownMethod, parse_request
from esxkit.wire.serializer import Serializer, Style
from esxkit.wire.versions import knows, negotiate

_PASSWORD = re.compile(rb"(?<=<password>)[^<]*|(?<=<password xsi:type=\"xsd:string\">)[^<]*")
_READING = ("Query", "Retrieve", "Search", "Refresh", "Find", "Validate")


@attrs.define
class Reply:
    """What goes back over HTTP."""

    status: int
    body: bytes
    content_type: str = "text/xml; charset=utf-8"
    headers: dict[str, str] = attrs.field(factory=dict)
    trouble: Rule | None = None
    """What to do to the reply on its way out (cut it, stall, ...)."""
    method: str = "?"
    """The method that was called."""


class Dispatcher:
    """Answers SOAP requests with the objects of one service."""

    def __init__(self, service: Service):
        self.service = service
        self.before: Callable[[bytes], Awaitable[None]] | None = None
        """Awaited with the body of each request before anything is done with it: where a test holds requests."""
        self._previous = b""
        self._serializers: dict[tuple, Serializer] = {}

    async def handle(
        self,
        body: bytes,
        action: str | None,
        cookie: str | None,
        agent: str = "",
        address: str = "127.0.0.1",
        connection: Connection | None = None,
    ) -> Reply:
        """Answer one SOAP request that came by `connection`."""
        if self.before is not None:
            await self.before(body)
        session = self.service.sessions.find(cookie)
        self.service.counters.bytes_in += len(body)
        if session is None and self.service.sessions.full():
            self.service.counters.methods["(no session left)"] += 1
            return Reply(503, b"503 Service Unavailable: Out of HTTP sessions", "text/plain")
        version, namespace = negotiate(action, self.service.api_version)
        serializer = self._serializer(version)
        if session is not None:
            session.in_flight += 1
        try:
            call = Call(self.service, session, version, "?", agent, address, cookie, connection=connection)
            reply = await self._answer(body, call, namespace, serializer)
            self.service.counters.method_bytes[reply.method] += len(body)
        finally:
            if session is not None:
                session.in_flight -= 1
                session.last_used = time.monotonic()
        if self.service.options.trace:
            self._trace(body, reply)
        return reply

    def _trace(self, body: bytes, reply: Reply) -> None:
        """Append request and reply to the trace file, without the password."""
        with open(self.service.options.trace, "ab") as file:
            file.write(b">>> " + _PASSWORD.sub(b"", body) + b"\n<<< %d " % reply.status + reply.body + b"\n\n")

    async def _answer(self, body: bytes, call: Call, namespace: str, serializer: Serializer) -> Reply:
        trouble = None
        try:
            request = self._parse(body, call.version)
            call.method, call.info = request.info.wsdlName, request.info
            self.service.counters.methods[call.method] += 1
            self.service.asked.append(call.method)
            trouble = self.service.rules.take(call.method, request.target._moId)
            if trouble is not None and trouble.kind == "fault":
                raise trouble.vim_fault()
            if trouble is not None and trouble.kind == "expire":
                self.service.sessions.end_all()
                call.session = None
            if trouble is not None and (trouble.replaces or trouble.page):
                return self._instead(trouble, call.method)
            if trouble is not None and trouble.kind == "endless" and "version" in request.args:
                request.args["version"] = ""  # The page to be repeated is a full one, and comes at once.
            value = await self._invoke(call, request, pretend=trouble is not None and trouble.kind == "pretend")
            reply = Reply(200, response.encode_response(request.info, value, serializer, namespace))
        except VimFault as fault:
            self.service.counters.faults[fault.name] += 1
            reply = Reply(500, response.encode_fault(fault.data, serializer, namespace))
        except ClientGone:
            return Reply(500, b"", method=call.method)
        except BadRequest as error:
            self.service.counters.faults["(bad request)"] += 1
            reply = Reply(500, response.encode_parser_fault(str(error), serializer.style))
        except Exception as error:  # a bug of the fake must be seen, not time out
            self.service.counters.faults["(fake is broken)"] += 1
            traceback.print_exc()
            reply = Reply(500, response.encode_parser_fault(f"The fake is broken: {error!r}", serializer.style))
        cookie = call.new_cookie or self._cookie_without_session(call)
        if cookie is not None:
            reply.headers["Set-Cookie"] = f'vmware_soap_session="{cookie}"; Path=/; HttpOnly; Secure;'
        reply.trouble, reply.method = trouble, call.method
        previous, self._previous = self._previous, reply.body
        if trouble is not None:
            reply.body = trouble.distorted(call.method, reply.body, previous)
        return reply

    def _instead(self, trouble: Rule, method: str) -> Reply:
        """What an order has in place of an answer that is not even worked out."""
        if trouble.page:
            return Reply(200, trouble.next_page(method), trouble=trouble, method=method)
        headers = {name: value for name, value in trouble.headers.items() if value is not None}
        body = trouble.body(method)
        return Reply(trouble.status, body, trouble.content_type, headers, trouble=trouble, method=method)

    def _cookie_without_session(self, call: Call) -> str | None:
        """5.5 hands out a cookie with the first call, later releases also with a login that failed."""
        if call.session is not None or self.service.sessions.handed_out(call.cookie):
            return None
        if self.service.sessions.find(call.cookie) is not None or not (self.service.like_5_5 or call.method == "Login"):
            return None
        return self.service.sessions.hand_out(self.service.like_5_5)

    def _parse(self, body: bytes, version: str) -> Request:
        try:
            return parse_request(body, version)
        except UnknownMethod as error:
            self.service.counters.methods[error.name] += 1
            target = self.service.registry.find(error.moid)
            if target is not None:
                raise method_not_found(target, error.name) from None
            raise
        except BadRequest:
            self.service.counters.methods["(bad request)"] += 1
            raise

    async def _invoke(self, call: Call, request: Request, *, pretend: bool = False) -> Any:
        info = request.info
        if call.session is None and info.privId != ANONYMOUS:
            raise not_authenticated(request.target, info.privId or "System.View")
        obj = self.service.registry.get(request.target)
        if obj.owner not in (None, call.session):
            raise object_not_found(request.target)
        if info.wsdlName == "Fetch":
            return await self._fetch(call, obj, request.args["prop"])
        if not issubclass(obj.cls, info.type) or not knows(call.version, info.version):
            raise method_not_found(obj, info.wsdlName)
        if self.service.options.restricted and _changes_state(info):
            raise VimFault("RestrictedVersion")
        handler = getattr(obj, info.wsdlName, None)
        if handler is None:
            raise VimFault("NotSupported")
        self._check_account(call, obj, request)
        if pretend:
            return self._pretended(call, obj, request)
        return await handler(call, **request.args)

    def _check_account(self, call: Call, obj: ManagedObject, request: Request) -> None:
        """Fault NoPermission where the account may not call the method there, or with these objects."""
        accounts.acting.set(call.session)
        table = self.service.accounts
        table.check(obj, accounts.needed(request.info, obj))
        for parameter in request.info.params:
            value = request.args.get(parameter.name)
            target = self.service.registry.find(value._moId) if parameter.privId and value is not None else None
            if target is not None:
                table.check(target, parameter.privId)

    def _pretended(self, call: Call, obj: ManagedObject, request: Request) -> Any:
        """Success of a call that does nothing; a task has the name it was given as its result."""
        if not request.info.wsdlName.endswith("_Task"):
            return None
        name = request.args.get("name") if "Create" in call.method else None
        return self.service.tasks.start(call, obj, lambda: name)

    async def _fetch(self, call: Call, obj: ManagedObject, name: str) -> Any:
        try:
            info = obj.property_info(name)
        except AttributeError:
            raise VimFault("InvalidProperty", name=name) from None
        if call.session is None and info.privId != ANONYMOUS:
            raise not_authenticated(obj.ref)
        return obj.read(name, call.session)

    def _serializer(self, version: str) -> Serializer:
        o = self.service.options
        key = (version, o.item_types, o.unknown_elements, o.xsi_prefix, tuple(o.renamed_types.items()))
        if key not in self._serializers:
            style = Style(o.item_types, o.unknown_elements, dict(o.renamed_types), o.xsi_prefix)
            self._serializers[key] = Serializer(version, style)
        return self._serializers[key]


def _changes_state(info: Any) -> bool:
    """Whether a free licence forbids the method: everything but reading."""
    # Everybody may call the disk manager's methods; what they do is checked at the datastore.
    harmless = info.privId is not None and info.privId.startswith(("System.", "Sessions."))
    if harmless and info.type.__name__ != "vim.VirtualDiskManager":
        return False
    own = ("DestroyPropertyFilter", "DestroyView", "CancelTask")
    return not info.wsdlName.startswith(_READING) and info.wsdlName not in own

