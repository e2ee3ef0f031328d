# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Errors of the file store as the VI faults a server reports, about a datastore path."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from esxkit.fake.files import BadPath
from esxkit.fake.locks import FileBusy
from esxkit.fake.volume_space import NoSpace
from esxkit.wire.faults import VimFault

_SENTENCES = {
    "FileNotFound": "File {} was not found",
    "FileAlreadyExists": "Cannot complete the operation because the file or folder {} already exists",
    "FileLocked": "Unable to access file {} since it is locked",
    "CannotDeleteFile": "Cannot delete file {}",
    "CannotCreateFile": "Cannot create file {}",
    "FileNameTooLong": "The file name {} is too long",
    "DirectoryNotEmpty": "The directory {} is not empty",
    "NotAFile": "{} is not a file",
    "FileFault": "The file {} is not a virtual disk",
}
_BY_NUMBER = {errno.ENAMETOOLONG: "FileNameTooLong", errno.ENOTEMPTY: "DirectoryNotEmpty"}


def file_fault(name: str, text: str) -> VimFault:
    """A fault about the file at that datastore path."""
    return VimFault(name, _SENTENCES[name].format(text), file=text)


@contextlib.contextmanager
def about(text: str, datastore: str = "") -> Iterator[None]:
    """Report what goes wrong in the block as being about that datastore path."""
    try:
        yield
    except BadPath:
        raise VimFault("InvalidDatastorePath", f"Invalid datastore path '{text}'.", datastorePath=text) from None
    except FileBusy:
        raise file_fault("FileLocked", text) from None
    except NoSpace:
        sentence = f"Insufficient disk space on datastore '{datastore}'."
        raise VimFault("NoDiskSpace", sentence, file=text, datastore=datastore) from None
    except FileExistsError:
        raise file_fault("FileAlreadyExists", text) from None
    except IsADirectoryError:
        raise file_fault("NotAFile", text) from None
    except (FileNotFoundError, NotADirectoryError):
        raise file_fault("FileNotFound", text) from None
    except OSError as error:
        name = _BY_NUMBER.get(error.errno or 0)
        if name is None:
            raise
        raise file_fault(name, text) from None
