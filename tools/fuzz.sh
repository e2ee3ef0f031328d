#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
#
# fuzz.sh ROOT [--seconds N] [--large] [NAME...]: builds the libFuzzer targets of tests/fuzz and runs each for N seconds
# from its seeds. New inputs go to .cache/fuzz/NAME; a crash is written to tests/fuzz/crashes/NAME-... to be
# made a test.
#
# --large: inputs of up to 256 KiB, at most 256 MB of memory for the whole process and 5 s for an input. What is
# quadratic, or takes too much of memory, fails here. It begins from the seeds alone and forgets what it finds, since
# libFuzzer holds all inputs in memory.
set -euo pipefail

root=$1
shift
seconds=30
large=
names=()
while (($#)); do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
    --large) large=1; shift ;;
    -*) echo "./dev fuzz: there is no option '$1'; usage: ./dev fuzz [--seconds N] [--large] [NAME...]" >&2; exit 2 ;;
    *) names+=("$1"); shift ;;
  esac
done

folder=$root/build-fuzz
if ((${#names[@]} == 0)); then
  # Those with the function that libFuzzer calls; the others are what targets share.
  mapfile -t names < <(grep -l '^LLVMFuzzerTestOneInput' "$root"/tests/fuzz/fuzz_*.c | sed 's/.*fuzz_//; s/\.c$//' | sort)
fi
for name in "${names[@]}"; do
  [[ -f $root/tests/fuzz/fuzz_$name.c ]] || { echo "./dev fuzz: there is no target '$name' in tests/fuzz." >&2; exit 2; }
done
CC=clang DEV_TARGETS="${names[*]/#/tests/fuzz/fuzz_}" "$root/dev" build-in "$folder" -Dfuzz=true \
  -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false

# GLib's own pools hide from the run time who owns a piece of memory.
export G_SLICE=always-malloc
limits=(-timeout=10 -rss_limit_mb=2048)
if [[ $large ]]; then
  limits=(-timeout=5 -rss_limit_mb=256 -max_len=262144 -len_control=0)
  # Freed memory is kept back to find its uses; that much counts, too.
  export ASAN_OPTIONS=quarantine_size_mb=16:${ASAN_OPTIONS:-}
fi

failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
for name in "${names[@]}"; do
  seeds=$root/tests/fuzz/corpus/$name
  found=$root/.cache/fuzz/$name
  crashes=$root/tests/fuzz/crashes
  mkdir -p "$seeds" "$found" "$crashes"
  dictionary=()
  if [[ -f $root/tests/fuzz/$name.dict ]]; then
    dictionary=("-dict=$root/tests/fuzz/$name.dict")
  elif compgen -G "$seeds/*.xml" >/dev/null; then
    dictionary=("-dict=$root/tests/fuzz/soap_decode.dict")
  fi
  inputs=("$found" "$seeds")
  if [[ $large ]]; then
    inputs=("$scratch" "$seeds")
    rm -rf "${scratch:?}"/*
  fi
  echo "== $name for $seconds seconds${large:+, large}"
  "$folder/tests/fuzz/fuzz_$name" -max_total_time="$seconds" "${limits[@]}" -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$crashes/$name-" "${dictionary[@]}" "${inputs[@]}" || failed=1
done
rmdir "$root/tests/fuzz/crashes" "$root"/tests/fuzz/corpus/* 2>/dev/null || true
exit $failed
