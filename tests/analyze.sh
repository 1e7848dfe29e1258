#!/usr/bin/env bash
# The analysis that ordinary tests do not do. Installs what it needs, builds, and fails at the first finding.
#
# usage: tests/analyze.sh          The short form: storage, coordinator and worker under ThreadSanitizer; clang-tidy, with Clang's check of what
#                                  a mutex guards, on the targets that differ from the main branch (by the last commit, on that branch itself).
#        tests/analyze.sh --full   Hours: everything under ThreadSanitizer, and under AddressSanitizer with
#                                  UndefinedBehaviorSanitizer; all targets by Clang and clang-tidy.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

watched=(storage_test coordinator_test coordinator_edge_test worker_test worker_agent_test)

# clang-tidy takes half a minute to two minutes of a core for a target, its analyzer about ten seconds for a source.
most_units=4
most_sources=12

# Those that differ from the main branch; a header stands for the source beside it.
changed_sources() {
  local main base
  main=$(git rev-parse --verify --quiet origin/main || git rev-parse --verify --quiet main || git rev-parse HEAD)
  base=$(git merge-base HEAD "$main" 2>/dev/null || git rev-parse HEAD)
  if [ "$base" = "$(git rev-parse HEAD)" ]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || echo "$base") # a shallow clone has no more than one
  fi
  git diff --name-only "$base" -- '*.cc' '*.h' | sed 's/\.h$/.cc/' | sort -u | while read -r file; do
    [ ! -e "$file" ] || echo "$file"
  done
}

# tidy COMMANDS CHECKS FILE…: the checks of .clang-tidy, by CHECKS without some of them, with the build's commands in the folder
# COMMANDS. One finding in a header is told once for each file that includes it.
tidy() {
  local commands=$1 checks=$2
  shift 2
  [ $# -eq 0 ] || printf '%s\n' "$@" | xargs -n 1 -P "$(nproc)" clang-tidy-19 --quiet -p "$commands" --checks="$checks"
}
# Most checks look at every declaration that a file includes, so they take a target's sources at once.
tidy_units() {
  tidy build/clang '-clang-analyzer-*' "$@"
}
# The analyzer follows paths only through the main file, so it takes each source, but for the one with coroutines, in which it
# follows Boost's. .clang-tidy says why a check is left out.
tidy_sources() {
  local sources
  mapfile -t sources < <(printf '%s\n' "$@" | grep -v '/monitoring/http_server.cc$')
  tidy build/clang/sources '-*,clang-analyzer-*,-clang-analyzer-optin.core.EnumCastOutOfRange' "${sources[@]}"
}

# under PRESET ctest-argument…: also fails for a report of a program that a test started.
under() {
  local preset=$1 status=0 report
  shift
  rm -f build/"$preset"/report.*
  ctest --preset "$preset" --parallel "$(nproc)" "$@" || status=$?
  for report in build/"$preset"/report.*; do
    [ -e "$report" ] || continue
    echo "analyze.sh: $report"
    cat "$report"
    status=1
  done
  return "$status"
}

deploy/setup/install.sh --tests --analysis
export OFSWEEP_PYTHON
OFSWEEP_PYTHON=$(deploy/setup/python_env.sh)

if [ "${1:-}" = --full ]; then
  deploy/setup/build.sh clang
  tidy_units $(python3 tests/tidy/units.py)
  tidy_sources $(python3 tests/tidy/units.py --sources)
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
    mapfile -t units < <(python3 tests/tidy/units.py "${changed[@]}")
    [ ${#units[@]} -le $most_units ] || echo "analyze.sh: $((${#units[@]} - most_units)) of ${#units[@]} changed targets are left to --full" >&2
    tidy_units "${units[@]:0:$most_units}"
    mapfile -t sources < <(python3 tests/tidy/units.py --sources "${changed[@]}")
    [ ${#sources[@]} -le $most_sources ] ||
      echo "analyze.sh: $((${#sources[@]} - most_sources)) of ${#sources[@]} changed sources are left to --full by the analyzer" >&2
    tidy_sources "${sources[@]:0:$most_sources}"
  fi
fi
