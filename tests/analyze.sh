#!/usr/bin/env bash
# The analysis that ordinary tests do not do. Installs what it needs, builds, and fails at the first finding.
#
# usage: tests/analyze.sh          The short form: storage, coordinator and worker under ThreadSanitizer; clang-tidy, with Clang's check of what
#                                  a mutex guards, on the files that differ from the main branch (the last commit, on that branch itself).
#        tests/analyze.sh --full   Hours: everything under ThreadSanitizer, and under AddressSanitizer with
#                                  UndefinedBehaviorSanitizer; all files by Clang and clang-tidy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

watched=(storage_test coordinator_test coordinator_edge_test worker_test worker_agent_test)

# clang-tidy takes half a minute for a source that includes gRPC or LibTorch.
most_sources=20

# Those that differ from the main branch, tests last; a header stands for the source beside it.
changed_sources() {
  local main base
  main=$(git rev-parse --verify --quiet origin/main || git rev-parse --verify --quiet main || git rev-parse HEAD)
  base=$(git merge-base HEAD "$main" 2>/dev/null || git rev-parse HEAD)
  if [ "$base" = "$(git rev-parse HEAD)" ]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || echo "$base") # a shallow clone has no more than one
  fi
  git diff --name-only "$base" -- '*.cc' '*.h' | sed 's/\.h$/.cc/' | sort -u | while read -r file; do
    [ ! -e "$file" ] || echo "$file"
  done | awk '/^tests\// { tests = tests $0 "\n"; next } { print } END { printf "%s", tests }'
}

# tidy FILE…: those that the build knows (the benchmarks and ThreadSanitizer's own source are none of its).
tidy() {
  local known
  known=$(python3 -c '
import json, os, sys
built = {os.path.relpath(entry["file"]) for entry in json.load(open("build/clang/compile_commands.json"))}
print("\n".join(file for file in sys.argv[1:] if file in built))' "$@")
  [ -n "$known" ] || return 0
  # One finding in a header is told once for each file that includes it.
  xargs -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p build/clang <<<"$known"
}

under() {
  local preset=$1
  shift
  ctest --preset "$preset" --parallel "$(nproc)" "$@"
}

deploy/setup/install.sh --analysis
export OFSWEEP_PYTHON
OFSWEEP_PYTHON=$(deploy/setup/python_env.sh)

if [ "${1:-}" = --full ]; then
  deploy/setup/build.sh clang
  tidy $(git ls-files '*.cc')
  deploy/setup/node_env.sh dashboards/grafana >/dev/null
  for preset in tsan asan-ubsan; do
    deploy/setup/build.sh "$preset"
    under "$preset"
  done
else
  deploy/setup/build.sh tsan "${watched[@]}"
  under tsan -R "^($(IFS='|' && echo "${watched[*]}"))\."
  mapfile -t changed < <(changed_sources)
  if [ ${#changed[@]} -gt 0 ]; then
    # Of the build no more than what clang-tidy reads: generated code, and the trainer's precompiled header where it is needed.
    generated=(proto/ofsweep/v1/sweep.pb.cc)
    [[ " ${changed[*]}" != *" trainer/"* && " ${changed[*]}" != *" tests/trainer/"* ]] ||
      generated+=(trainer/CMakeFiles/ofsweep_trainer_model.dir/cmake_pch.hxx.pch)
    deploy/setup/build.sh clang "${generated[@]}"
    [ ${#changed[@]} -le $most_sources ] ||
      echo "analyze.sh: $((${#changed[@]} - most_sources)) of ${#changed[@]} changed sources are left to --full" >&2
    tidy "${changed[@]:0:$most_sources}"
  fi
fi
