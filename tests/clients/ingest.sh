#!/usr/bin/env bash
# curl sends a file of records in one request, whose answer says what is durable of it while it goes on;
# and when the server is gone, all that was not acknowledged once more: ingest.sh URL FILE
set -euo pipefail
url=$1 file=$2
count=$(wc -l <"$file")
acknowledged=0
while ((acknowledged < count)); do
  before=$acknowledged
  while read -r ack; do
    if [[ $ack =~ ^\{\"records\":([0-9]+) ]]; then
      acknowledged=$((before + BASH_REMATCH[1]))
      echo "acknowledged $acknowledged"
    fi
  done < <(tail -n +$((before + 1)) "$file" | curl -sN -T - -X POST -H 'Content-Type: application/x-ndjson' \
    -H 'Producer-Id: curl' -H 'Producer-Epoch: 0' -H "Producer-Seq: $before" "$url?acks=1" || true)
done
