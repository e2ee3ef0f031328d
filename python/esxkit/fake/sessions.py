# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Sessions: cookie, idle time, the cap, wrong passwords."""

from __future__ import annotations

import asyncio
import secrets
import time
import uuid
from collections.abc import Callable, Container
from typing import Any

import attrs

from esxkit.fake.options import FakeOptions
from esxkit.model.objects import make

_HANDED_OUT_KEPT = 10_000


@attrs.define(eq=False)
class Session:
    """One logged-in client. `owned` are the moids that die with it (collectors, filters, views)."""

    cookie: str
    key: str
    user: Any
    last_used: float
    asked_locale: str | None = None
    """What the login named; the session's own locale is never unset."""
    in_flight: int = 0
    owned: set[str] = attrs.field(factory=set)
    opened: float = attrs.field(factory=time.monotonic)
    state: dict[str, Any] = attrs.field(factory=dict)
    """What a managed object keeps per session (retrieve tokens, the default collector's filters)."""


class SessionTable:
    """All sessions of the fake by cookie value."""

    def __init__(self, options: FakeOptions, on_end: Callable[[Session], None], accounts: Container[str] = ()):
        self._options = options
        self._accounts = accounts
        self._on_end = on_end
        self._sessions: dict[str, Session] = {}
        self._failures = 0
        self._locked_until = 0.0
        self._handed_out: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.ended = 0
        self.most = 0
        """How many there ever were at once."""

    def __len__(self) -> int:
        return len(self._sessions)

    def all(self) -> list[Session]:
        """The living sessions, expired ones taken out."""
        self._expire()
        return list(self._sessions.values())

    def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie, renewed by being looked up; None if there is none or it expired."""
        self._expire()
        session = self._sessions.get(cookie or "")
        if session is not None:
            session.last_used = time.monotonic()
        return session

    def full(self) -> bool:
        """Whether the cap is reached."""
        self._expire()
        return bool(self._options.session_cap) and len(self._sessions) >= self._options.session_cap

    def try_password(self, username: str, password: str) -> bool:
        """Whether the login is right; counts failures and locks the account out as configured."""
        now = time.monotonic()
        if now < self._locked_until:
            return False
        known = username == self._options.username or username in self._accounts
        if known and password == self._options.password:
            self._failures = 0
            return True
        self._failures += 1
        limit = self._options.lockout_after
        if limit and self._failures >= limit:
            self._locked_until = now + self._options.lockout_seconds
            self._failures = 0
        return False

    def hand_out(self, like_5_5: bool = False) -> str:
        """A cookie for somebody who is not logged in; a later login under it keeps it."""
        cookie = str(uuid.uuid4()) if like_5_5 else secrets.token_hex(20)
        self._handed_out[cookie] = None
        while len(self._handed_out) > _HANDED_OUT_KEPT:
            del self._handed_out[next(iter(self._handed_out))]
        return cookie

    def handed_out(self, cookie: str | None) -> bool:
        """Whether that cookie was handed out and nobody has logged in under it yet."""
        return cookie in self._handed_out

    def open(
        self, username: str, locale: str | None, now: Any, agent: str, address: str, cookie: str | None = None
    ) -> Session:
        """A new session, under a cookie that was handed out before if there is one."""
        key = str(uuid.uuid4())
        user = make(
            "UserSession",
            key=key,
            userName=username,
            fullName="Administrator",
            loginTime=now,
            lastActiveTime=now,
            locale=locale or "en",
            messageLocale="en",
            extensionSession=False,
            ipAddress=address,
            userAgent=agent or "",
            callCount=0,
        )
        if cookie is None or cookie not in self._handed_out:
            cookie = secrets.token_hex(20)
        self._handed_out.pop(cookie, None)
        session = Session(cookie, key, user, time.monotonic(), locale)
        self._sessions[session.cookie] = session
        self.most = max(self.most, len(self._sessions))
        self.watch_age()
        return session

    def end(self, session: Session) -> None:
        """End a session and all that belongs to it."""
        if self._sessions.pop(session.cookie, None) is not None:
            self.ended += 1
            self._on_end(session)

    def end_all(self) -> int:
        """End every session; how many there were."""
        sessions = list(self._sessions.values())
        for session in sessions:
            self.end(session)
        return len(sessions)

    def unlock(self) -> None:
        """Forget wrong passwords and lift a lock-out."""
        self._failures = 0
        self._locked_until = 0.0

    def watch_age(self) -> None:
        """End the sessions that are too old, and come back for the next one: also those in use end in time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        limit = self._options.session_seconds
        if not limit:
            return
        now = time.monotonic()
        for session in list(self._sessions.values()):
            if now - session.opened >= limit:
                self.end(session)
        if self._sessions:
            oldest = min(session.opened for session in self._sessions.values())
            delay = max(oldest + limit - now, 0.001)
            self._timer = asyncio.get_running_loop().call_later(delay, self.watch_age)

    def _expire(self) -> None:
        limit = self._options.idle_seconds
        if not limit:
            return
        now = time.monotonic()
        for session in list(self._sessions.values()):
            if not session.in_flight and now - session.last_used > limit:
                self.end(session)
