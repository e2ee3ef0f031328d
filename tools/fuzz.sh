#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
#
# fuzz.sh ROOT [--seconds N] [NAME...]: builds the libFuzzer targets of tests/fuzz and runs each for N seconds
# from its seeds. New inputs go to .cache/fuzz/NAME; a crash is written to tests/fuzz/crashes/NAME-... to be
# made a test.
set -euo pipefail

root=$1
shift
seconds=30
names=()
while (($#)); do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
    *) names+=("$1"); shift ;;
  esac
done

folder=$root/build-fuzz
CC=clang "$root/dev" build-in "$folder" -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false -Dwerror=false

if ((${#names[@]} == 0)); then
  mapfile -t names < <(find "$root/tests/fuzz" -maxdepth 1 -name 'fuzz_*.c' -printf '%f\n' | sed 's/^fuzz_//; s/\.c$//' | sort)
fi
((${#names[@]} > 0)) || { echo "./dev fuzz: there are no fuzz targets in tests/fuzz yet." >&2; exit 1; }

failed=0
for name in "${names[@]}"; do
  seeds=$root/tests/fuzz/corpus/$name
  found=$root/.cache/fuzz/$name
  crashes=$root/tests/fuzz/crashes
  mkdir -p "$seeds" "$found" "$crashes"
  dictionary=()
  [[ -f $root/tests/fuzz/$name.dict ]] && dictionary=("-dict=$root/tests/fuzz/$name.dict")
  echo "== $name for $seconds seconds"
  "$folder/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$crashes/$name-" "${dictionary[@]}" "$found" "$seeds" || failed=1
done
rmdir "$root/tests/fuzz/crashes" "$root"/tests/fuzz/corpus/* 2>/dev/null || true
exit $failed
