#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
#
# sanitize.sh ROOT [thread | mutate] [ARGUMENTS...]
#
# Without either: the unit tests and the end-to-end tests on a build with AddressSanitizer and
# UndefinedBehaviorSanitizer. virsh, libvirtd and Python are not built with them, so their run time is
# loaded before everything else in the processes that load the driver (ESXKIT_PRELOAD, see the harness).
# An error ends the process at once. Leaks are written to files, and those whose stack passes through this
# module fail the run; a suppression by library name would hide ours behind libvirt's frames.
#
# With "mutate": ./dev mutate (see python/esxkit/attack/mutate/command.py) on that build, with the same judge.
#
# With "thread": the unit tests and those end-to-end tests in which threads meet, with ThreadSanitizer; its run time is
# preloaded in the same way, with a library that tells it of GLib's locks. Data races are written to files, and
# those with a frame of this module fail the run: libvirt makes its objects with GObject, which is not
# instrumented, so that TSan reports what libvirt itself does with their mutexes.
set -euo pipefail

root=$1
shift
python=$root/.venv/bin/python
failed=0
# GLib's own pools hide from the run times who owns a piece of memory.
export G_SLICE=always-malloc

# build FOLDER SANITIZERS: configured and compiled by ./dev, as every build folder
build() {
  LIBVIRT_SOURCE=${LIBVIRT_SOURCE:-} "$root/dev" build-in "$1" -Db_sanitize="$2" -Db_lundef=false -Dbuildtype=debug
}

unit_tests() {
  meson test -C "$1" --no-rebuild --suite unit --num-processes 2 --timeout-multiplier 5 --print-errorlogs --quiet
}

# judge REPORTS: whether the driver has errors in them
judge() {
  "$python" "$root/tools/sanitizer_reports.py" "$1"
}

# end_to_end PYTEST-ARGUMENTS...: with the module of $folder and the run time in $ESXKIT_PRELOAD
end_to_end() {
  cd "$root"
  # The run time is for the driver's processes; ESXKIT_SLOW stretches the harness's timeouts.
  export PYTHONPATH=$root/python PYTHONDONTWRITEBYTECODE=1
  export ESXKIT_DRIVER_DIR=$folder/connection-driver ESXKIT_PRELOAD ESXKIT_SLOW=4
  "$python" -m pytest -n 2 -o timeout=600 "$@"
}

# preload LIBRARY: names the run time that the driver's processes load first
preload() {
  ESXKIT_PRELOAD=$(gcc -print-file-name="$1")
  # libtirpc too, where libvirt uses it: the run times take hold of XDR functions, and a Python that loads libvirt
  # late would find none behind them. (No pipe into grep -q: that ends it early, and pipefail takes it for a failure.)
  if [[ $(ldconfig -p) == *libtirpc.so.3* ]]; then
    ESXKIT_PRELOAD+=" libtirpc.so.3"
  fi
}

thread() {
  local common="second_deadlock_stack=1:suppressions='$root/tools/tsan.supp'"
  folder=$root/build-tsan
  build "$folder" thread
  reports=$folder/reports
  rm -rf "$reports"
  mkdir -p "$reports"

  # GLib's mutexes are futexes of its own, which TSan cannot see, nor what libvirt's loop hands on; see the files.
  TSAN_OPTIONS="halt_on_error=1:$common" unit_tests "$folder" || failed=1

  local -a glib
  read -ra glib <<<"$(pkg-config --cflags --libs glib-2.0)"
  gcc -shared -fPIC -g -O1 -fsanitize=thread "$root"/tests/unit/support/tsan_{glib,libvirt}.c \
    -o "$folder/libtsan_glib.so" "${glib[@]}" -ldl
  preload libtsan.so
  # libvirt, too, so that what stands before its functions finds them behind itself.
  ESXKIT_PRELOAD+=" $folder/libtsan_glib.so libvirt.so.0"
  export TSAN_OPTIONS="exitcode=0:history_size=4:$common:log_path='$reports/tsan':log_exe_name=1"
  if (($# == 0)); then
    set -- tests/e2e/test_concurrency.py tests/e2e/test_session.py tests/e2e/test_daemon.py
    local name
    for name in live live_trouble sharing events soak; do
      [[ -f $root/tests/e2e/test_$name.py ]] && set -- "$@" "tests/e2e/test_$name.py"
    done
  fi
  end_to_end "$@" || failed=1
  judge "$reports" || failed=1
  exit $failed
}

if [[ ${1:-} == thread ]]; then
  shift
  thread "$@"
fi

mutate=
if [[ ${1:-} == mutate ]]; then
  mutate=1
  shift
  # The module alone: the unit tests take most of the time of a build.
  export DEV_TARGETS="connection-driver/libvirt_driver_esx.so connection-driver/libvirt_driver_vpx.so"
fi

folder=$root/build-asan
build "$folder" address,undefined
reports=$folder/reports
rm -rf "$reports"
mkdir -p "$reports"

common=abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1"

if [[ ! $mutate ]]; then
  # The unit tests are instrumented themselves: every leak in them is ours.
  ASAN_OPTIONS=$common:detect_leaks=1 unit_tests "$folder" || failed=1
fi

# (The module itself asks for libubsan; preloading that as well makes virsh hang at its exit.)
preload libasan.so
# GLib and libvirt have no frame pointers, so a leak's way through them needs the slow unwinder.
# The module of every frame is printed, for the judge of the reports to know ours by.
export ASAN_OPTIONS="$common:detect_leaks=1:stack_trace_format='    #%n %p in %f %S [%m]':fast_unwind_on_malloc=0:malloc_context_size=24:log_path='$reports/asan':log_exe_name=1"
export LSAN_OPTIONS="exitcode=0:report_objects=0:max_leaks=0"
if [[ $mutate ]]; then
  cd "$root"
  export PYTHONPATH=$root/python PYTHONDONTWRITEBYTECODE=1
  export ESXKIT_DRIVER_DIR=$folder/connection-driver ESXKIT_PRELOAD ESXKIT_SLOW=4
  "$python" -m esxkit.attack.mutate "$@" || failed=1
  judge "$reports" || failed=1
  exit $failed
fi

# Listing a thousand volumes outlasts the two seconds of cache_ttl here, so its round trips say nothing.
(($# > 0)) || set -- tests/e2e \
  --deselect tests/e2e/test_round_trips.py::test_listing_volumes_costs_the_same_for_few_and_many
end_to_end "$@" || failed=1

judge "$reports" || failed=1
exit $failed
