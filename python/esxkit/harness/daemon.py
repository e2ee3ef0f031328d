# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""A private libvirtd: the distribution's own binary, with its own socket, folders, credentials and log.

The same recipe serves root and a plain user: a configuration file of our own (``--config``), a pid file of our own, and
``unix_sock_dir`` in that configuration. A plain user's daemon keeps its files below the XDG folders, which point into
the private folder. Root's daemon uses fixed system paths. With nothing but our module in ``LIBVIRT_DRIVER_DIR`` it
has no drivers that keep state, and all it would touch is /run/libvirt, so that alone would do; where the kernel
permits it, it runs in a mount namespace of its own as well, in which private folders cover the existing ones of the
system.

Tried as well and not taken: dropping root's daemon to an unprivileged user. It needs no namespace, but the module must
then be readable for that user (a clone below /root is not) and coverage data cannot be written; and a privileged
daemon is what hosts run. ``user=`` still offers it, so that root can test the plain user's way.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from esxkit.harness import environment
from esxkit.harness.environment import HarnessError
from esxkit.harness.process import Process

# What a privileged libvirtd reads and writes. Each that exists is covered in the private mount namespace.
_SYSTEM_FOLDERS = (
    "/etc/libvirt",
    "/run/libvirt",
    "/var/lib/libvirt",
    "/var/cache/libvirt",
    "/var/log/libvirt",
)

_COVER_AND_RUN = """
private=$1; shift
while [ "$1" != -- ]; do
    mkdir -p "$private/cover$1" && mount --bind "$private/cover$1" "$1" || exit 97
    shift
done
shift
exec "$@"
"""

_CONFIGURATION = """
unix_sock_dir = "{folder}/s"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_level = {level}
log_outputs = "{level}:file:{folder}/libvirtd.log"
max_clients = 200
max_anonymous_clients = 100
"""


def namespaces_permitted() -> bool:
    """Whether this process may make mount namespaces (root, outside of most containers)."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--mount", "--propagation", "private", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def covered(folder: Path, argv: list[str], covers: tuple[str, ...] = _SYSTEM_FOLDERS) -> list[str]:
    """`argv`, run in a mount namespace in which `folder`/cover/X lies over each existing folder X of `covers`."""
    existing = [path for path in covers if os.path.isdir(path)]
    unshare = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _COVER_AND_RUN, "sh"]
    return [*unshare, str(folder), *existing, "--", *argv]


def write_auth_file(path: Path, password: str, username: str | None = None) -> Path:
    """Write libvirt's client authentication file for the ESX hosts of this machine, readable by its owner alone."""
    lines = ["[credentials-host]", f"password={password}"]
    if username is not None:
        lines.insert(1, f"username={username}")
    for host in ("127.0.0.1", "localhost", "::1"):
        lines += ["", f"[auth-esx-{host}]", "credentials=host"]
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("\n".join([*lines, ""]))
    return path


class PrivateLibvirtd:
    """An unmodified libvirtd that serves our modules and nothing else.

    Args:
        password: the ESX host's password; goes to the daemon's auth file.
        modules: the folder for LIBVIRT_DRIVER_DIR.
        user: run as this user (root only); the modules are then copied to where that user can read them.
        log_level: libvirt's: 1 debug, 2 info, 3 warnings, 4 errors.
        env: more environment variables.
        settings: more lines of its configuration file.
        covers: False to run without the mount namespace even where it is permitted.
    """

    def __init__(
        self,
        *,
        password: str | None = None,
        modules: Path | None = None,
        user: str | None = None,
        log_level: int = 3,
        env: Mapping[str, str] | None = None,
        settings: str = "",
        covers: bool = True,
    ) -> None:
        self.folder = environment.private_folder("esxd")
        self.socket = self.folder / "s" / "libvirt-sock"
        self.log = self.folder / "libvirtd.log"
        self.output = self.folder / "output.log"
        self.auth_file = self.folder / "auth.conf"
        self._password = password
        self._modules = modules or environment.driver_dir()
        self._user = pwd.getpwnam(user) if user else None
        self._log_level = log_level
        self._extra_env = dict(env or {})
        self._settings = settings
        self._covers = covers
        self._process: Process | None = None

    def start(self) -> PrivateLibvirtd:
        """Start the daemon and wait for its socket."""
        libvirtd = environment.program("libvirtd", "libvirt-daemon")
        for name in ("s", "config", "cache", "data", "run"):
            (self.folder / name).mkdir(mode=0o700, exist_ok=True)
        configuration = self.folder / "libvirtd.conf"
        configuration.write_text(_CONFIGURATION.format(folder=self.folder, level=self._log_level) + self._settings)
        if self._password is not None:
            write_auth_file(self.auth_file, self._password)
        argv = [libvirtd, "--config", str(configuration), "--pid-file", str(self.folder / "libvirtd.pid")]
        confined = self._confined([*environment.wrapper(), *argv])
        self._process = Process(confined, log=self.output, env=self._environment(), name="libvirtd")
        self._process.wait_until(self.socket.exists, 20)
        return self

    def stop(self) -> int:
        """End the daemon and remove its folder; return its exit code, 0 when all was well."""
        process, self._process = self._process, None
        code = process.stop(15) if process is not None else 0
        environment.drop_folder(self.folder)
        return code

    @property
    def process(self) -> Process:
        """The running daemon."""
        if self._process is None:
            raise HarnessError("The private libvirtd is not running.")
        return self._process

    def report(self, lines: int = 60) -> str:
        """The last lines of what the daemon wrote, for a failed test; also of one that was stopped."""
        written = self.log.read_text(errors="replace").splitlines()[-lines:] if self.log.exists() else []
        output = self._process.tail(lines) if self._process is not None else "(the daemon is not running)"
        return "\n".join([*written, "--- output", output])

    def __enter__(self) -> PrivateLibvirtd:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def _environment(self) -> dict[str, str]:
        env = {
            name: os.environ[name]
            for name in ("PATH", "TMPDIR", "LANG", "GCOV_PREFIX", "G_SLICE")
            if name in os.environ
        }
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                env[name] = os.environ[name]
        env |= {
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "XDG_DATA_HOME": str(self.folder / "data"),
            "LIBVIRT_DRIVER_DIR": str(self._modules),
        }
        if self._password is not None:
            env["LIBVIRT_AUTH_FILE"] = str(self.auth_file)
        return env | environment.preload() | self._extra_env

    def _confined(self, argv: list[str]) -> list[str]:
        if self._user is not None:
            self._give_to_user(self._user)
            ids = [f"--reuid={self._user.pw_uid}", f"--regid={self._user.pw_gid}"]
            return ["setpriv", *ids, "--clear-groups", "--pdeathsig", "KILL", *argv]
        return covered(self.folder, argv) if self._covers and namespaces_permitted() else argv

    def _give_to_user(self, user: pwd.struct_passwd) -> None:
        copies = self.folder / "modules"
        if self._modules.is_dir():
            shutil.copytree(self._modules, copies)
            self._modules = copies
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
