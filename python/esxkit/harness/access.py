# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Who may do what, as a real libvirtd asks it: polkit's interface on a private bus, answered by the test.

With ``access_drivers = ["polkit"]`` libvirtd asks, for each access check of a driver, PolicyKit's authority on the
system bus. Here that bus is a dbus-daemon of our own, to which libvirtd is led by DBUS_SYSTEM_BUS_ADDRESS, and the
authority is a thread of this process: polkitd itself takes its rules from the machine's own folders alone.

The interface: https://polkit.pages.freedesktop.org/polkit/eggdbus-interface-org.freedesktop.PolicyKit1.Authority.html
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import attrs
from jeepney import HeaderFields, Message, MessageType, message_bus, new_error, new_method_return
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection

from esxkit.harness import environment
from esxkit.harness.process import Process

_NAME = "org.freedesktop.PolicyKit1"
_API = "org.libvirt.api."
_CONFIGURATION = """<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""
SETTINGS = 'access_drivers = [ "polkit" ]\n'
"""What libvirtd's configuration must say."""


@attrs.frozen
class Question:
    """One access check."""

    action: str
    """Without org.libvirt.api, such as storage-pool.getattr."""
    details: Mapping[str, str]
    """connect_driver, pool_name, pool_uuid, vol_name, vol_key: what the check is about."""


@attrs.frozen
class AccessRule:
    """What is not allowed: an action, on everything or on what has these details."""

    action: str
    details: Mapping[str, str] = attrs.field(factory=dict)

    def covers(self, question: Question) -> bool:
        """Whether the rule speaks of this."""
        return question.action == self.action and self.details.items() <= question.details.items()


class Authority:
    """A bus, and the one who decides about access on it: what no rule forbids is allowed."""

    def __init__(self) -> None:
        self.folder = environment.private_folder("esxbus")
        self.address = f"unix:path={self.folder / 'bus'}"
        self._lock = threading.Lock()
        self._rules: list[AccessRule] = []
        self._asked: list[Question] = []

    def __enter__(self) -> Authority:
        configuration = self.folder / "bus.conf"
        configuration.write_text(_CONFIGURATION.format(socket=self.folder / "bus"))
        argv = [environment.program("dbus-daemon", "dbus-daemon"), f"--config-file={configuration}", "--nofork"]
        self._bus = Process(argv, log=self.folder / "bus.log", env=dict(os.environ), name="dbus-daemon")
        try:
            self._bus.wait_until((self.folder / "bus").exists, 10)
            self._connection = open_dbus_connection(self.address, auth_timeout=environment.patience(5))
            Proxy(message_bus, self._connection).RequestName(_NAME)
        except BaseException:
            self._bus.stop()
            raise
        self._thread = threading.Thread(target=self._serve, args=(self._connection,))
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._bus.stop()
        self._thread.join()
        self._connection.close()
        environment.drop_folder(self.folder)

    @contextmanager
    def deny(self, action: str, **details: str) -> Iterator[None]:
        """Forbid an action while the block lasts."""
        rule = AccessRule(action, details)
        with self._lock:
            self._rules.append(rule)
        try:
            yield
        finally:
            with self._lock:
                self._rules.remove(rule)

    def asked(self) -> list[Question]:
        """What was asked since the last call of this."""
        with self._lock:
            asked, self._asked = self._asked, []
            return asked

    def _serve(self, connection: DBusConnection) -> None:
        while True:
            try:
                message = connection.receive()
            except ConnectionError:
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            connection.send(self._answer(message))

    def _answer(self, message: Message) -> Message:
        if message.header.fields.get(HeaderFields.member) != "CheckAuthorization":
            return new_error(message, "org.freedesktop.DBus.Error.UnknownMethod")
        _subject, action, details, _flags, _cancellation = message.body
        question = Question(action.removeprefix(_API), dict(details))
        with self._lock:
            self._asked.append(question)
            allowed = not any(rule.covers(question) for rule in self._rules)
        return new_method_return(message, "(bba{ss})", ((allowed, False, {}),))
