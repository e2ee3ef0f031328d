# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What clients may do to the files of a datastore: locks, space, moves, and what outlives a restart."""

from __future__ import annotations

import pytest

from esxkit.fake.files import BadPath, FileStore, is_zero
from esxkit.fake.locks import FileBusy
from esxkit.fake.volume_space import NoSpace, VolumeSpace

MIB = 1024 * 1024


@pytest.fixture
def store(tmp_path):
    made = FileStore(tmp_path / "ds", [{"name": "dir", "kind": "dir"}])
    made.space = VolumeSpace(100 * MIB, 10 * MIB)
    return made


def test_what_is_written_takes_space_and_is_there(store):
    with store.write("dir/file") as writer:
        writer.write(b"abc")
        writer.write(bytes(2 * MIB))
        writer.write(b"end")
    assert store.real("dir/file").read_bytes() == b"abc" + bytes(2 * MIB) + b"end"
    assert store.entry("dir/file").allocated == 2 * MIB + 6
    assert store.space.free == 8 * MIB - 6


def test_a_file_that_ends_in_zeros_is_as_long_as_what_was_written(store):
    with store.write("f") as writer:
        writer.write(b"x")
        writer.write(bytes(1000))
    assert store.real("f").read_bytes() == b"x" + bytes(1000)


def test_writing_a_file_again_gives_its_space_back(store):
    with store.write("f") as writer:
        writer.write(bytes(9 * MIB))
    with store.write("f") as writer:
        writer.write(b"new")
    assert store.space.free == 10 * MIB - 3
    assert store.real("f").read_bytes() == b"new"


def test_what_does_not_fit_is_not_written(store):
    with store.write("f") as writer:
        writer.write(bytes(9 * MIB))
        with pytest.raises(NoSpace):
            writer.write(bytes(2 * MIB))
    assert store.entry("f").size == 9 * MIB
    store.delete("f")
    assert store.space.free == 10 * MIB


def test_a_file_being_written_is_open_to_nobody_else(store):
    with store.write("dir/f"):
        for refused in (store.read("dir/f"), store.write("dir/f")):
            with pytest.raises(FileBusy), refused:
                pass
        for path in ("dir/f", "dir"):
            with pytest.raises(FileBusy):
                store.delete(path)
        with pytest.raises(FileBusy):
            store.rename("dir/f", "g")
    store.delete("dir/f")


def test_readers_share_a_file_and_keep_writers_out(store):
    store.make_file("f", {"size": 5})
    with store.read("f") as first, store.read("f"):
        assert first.size == 5
        with pytest.raises(FileBusy), store.write("f"):
            pass
    with store.write("f"):
        pass


def test_a_machine_keeps_everybody_out_until_it_lets_go(store):
    store.make_file("f", {"size": 5})
    store.locks.hold("f")
    for refused in (store.read("f"), store.write("f")):
        with pytest.raises(FileBusy), refused:
            pass
    store.locks.release("f")
    store.delete("f")
    with pytest.raises(KeyError):
        store.locks.release("f")


def test_where_no_file_can_be(store):
    with pytest.raises(FileNotFoundError), store.write("none/f"):
        pass
    with pytest.raises(IsADirectoryError), store.write("dir"):
        pass
    with pytest.raises(BadPath), store.write("../f"):
        pass
    with pytest.raises(BadPath):
        store.delete("")


def test_a_moved_file_keeps_what_is_known_of_it(store):
    store.create("dir/f", 5 * MIB, MIB, owner="me")
    store.rename("dir/f", "g")
    assert store.entry("g").attributes == {"owner": "me", "allocated": MIB}
    assert store.space.free == 9 * MIB
    with pytest.raises(FileNotFoundError):
        store.entry("dir/f")


def test_a_moved_folder_takes_all_in_it_along(store):
    store.create("dir/f", 5, 1)
    store.rename("dir", "other")
    assert store.entry("other/f").allocated == 1
    with pytest.raises(BadPath):
        store.rename("other", "other/inner")


def test_a_move_replaces_a_file_by_force_only_and_never_a_folder(store):
    store.create("f", MIB)
    store.create("g", 2 * MIB)
    with pytest.raises(FileExistsError):
        store.rename("f", "g")
    with pytest.raises(FileExistsError):
        store.rename("f", "dir", force=True)
    store.rename("f", "g", force=True)
    assert store.entry("g").size == MIB
    assert store.space.free == 9 * MIB


def test_a_failed_creation_leaves_nothing(store):
    with pytest.raises(NoSpace):
        store.create("f", 11 * MIB)
    with pytest.raises(FileNotFoundError):
        store.create("none/f", 1)
    assert [e.name for e in store.entries("")] == ["dir"]
    assert store.space.free == 10 * MIB


def test_friendly_names_of_folders_at_the_top_are_names(store):
    store.make_folder("uuid-1", {"friendlyName": "web"})
    store.create("web/f", 3)
    assert store.entry("web/f").path == "uuid-1/f"
    assert [e.path for e in store.entries("web")] == ["uuid-1/f"]
    store.delete("web")
    with pytest.raises(FileNotFoundError):
        store.entry("web")
    assert store.canonical("web") == "web"


def test_a_journal_outlives_the_store(tmp_path):
    tree = [{"name": "thin", "kind": "extent", "size": 100, "allocated": 7}]
    before = FileStore(tmp_path / "ds", tree, tmp_path / "journal")
    before.create("new", 50, 9)
    before.rename("new", "newer")
    before.make_folder("uuid", {"friendlyName": "web"})
    after = FileStore(tmp_path / "ds", tree, tmp_path / "journal")
    assert {e.name: e.allocated for e in after.entries("") if not e.is_dir} == {"thin": 7, "newer": 9}
    assert after.canonical("web/x") == "uuid/x"


def test_a_journal_cut_in_its_last_line_is_read_up_to_there(tmp_path):
    before = FileStore(tmp_path / "ds", (), tmp_path / "journal")
    before.create("f", 50, 9)
    with (tmp_path / "journal").open("a") as file:
        file.write('["f", {"alloc')
    assert FileStore(tmp_path / "ds", (), tmp_path / "journal").entry("f").allocated == 9


@pytest.mark.parametrize(
    ("data", "zero"),
    [(b"", True), (bytes(3 * MIB + 1), True), (bytes(2 * MIB) + b"x", False), (b"x" + bytes(5), False)],
)
def test_zeros_are_known_whatever_their_number(data, zero):
    assert is_zero(data) is zero
