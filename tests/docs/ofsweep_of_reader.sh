#!/bin/bash
# `ofsweep` in the folder of a reader. What the reader runs in another terminal starts in the background and is there when
# this returns; the default ports, which may be taken on this machine, are the reader's own.
# READER_PROGRAM, READER_GRPC, READER_HTTP, READER_STATE: the program, the reader's addresses, a folder for notes.
set -euo pipefail

has() { [[ " ${words[*]} " == *" $1"[\ =]* ]]; }
stop_servers() {
  local pid
  while read -r pid; do
    kill -TERM "$pid" 2>/dev/null || continue
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  done < <(tac "$READER_STATE/servers" 2>/dev/null)
  rm -f "$READER_STATE/servers"
}
# Whoever starts one has stopped the one before.
serve() {
  local log pid
  log=$(mktemp "$READER_STATE/log-XXXXXX")
  setsid "$READER_PROGRAM" "${words[@]}" >"$log" 2>"$log.err" </dev/null &
  pid=$!
  echo "$pid" >>"$READER_STATE/servers"
  until [ -s "$log" ]; do
    if ! kill -0 "$pid" 2>/dev/null; then
      cat "$log.err" >&2
      exit 1
    fi
    sleep 0.05
  done
  cat "$log"
}

words=("$@")
case "${1:-}" in
  --stop) stop_servers ;;
  coordinator)
    stop_servers
    has --grpc || words+=(--grpc "$READER_GRPC")
    has --http || words+=(--http "$READER_HTTP")
    serve
    ;;
  worker)
    has --coordinator || words+=(--coordinator "$READER_GRPC")
    serve
    ;;
  run)
    stop_servers
    has --http || words+=(--http "$READER_HTTP")
    exec "$READER_PROGRAM" "${words[@]}"
    ;;
  submit | ls | workers | watch | cancel | pause | resume | retry)
    has --coordinator || words+=(--coordinator "$READER_GRPC")
    exec "$READER_PROGRAM" "${words[@]}"
    ;;
  show | table | curves)
    if ! has --coordinator && ! has --data-dir; then
      if [ -s "$READER_STATE/servers" ]; then
        words+=(--coordinator "$READER_GRPC")
      else
        words+=(--data-dir ofsweep-data)
      fi
    fi
    exec "$READER_PROGRAM" "${words[@]}"
    ;;
  *)
    exec "$READER_PROGRAM" "${words[@]}"
    ;;
esac
