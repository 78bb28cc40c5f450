#!/usr/bin/env bash
# Writes into the working directory the logs that docs/guides/import.md and docs/guides/embed.md read: two days of an
# application that asks one model two fixed prompts. The second day is drawn from the same distributions as the first,
# so that an audit of it must find nothing; in `swapped` another model answers.
#
# usage: prepare_import.sh [MODEL]
set -euo pipefail
model=${1:-flagship-1}

# day SEED DATE litellm|pairs WORDS: 400 answers to each prompt, as rows of LiteLLM's spend logs or as pairs of requests
# and responses. WORDS: numbers and colours, the likely ones first. The draws are those of Park and Miller's generator,
# the same in every awk.
day() {
  awk -v seed="$1" -v date="$2" -v format="$3" -v words="$4" -v model="$model" '
    function uniform() { seed = (16807 * seed) % 2147483647; return seed / 2147483647 }
    function pick(list,    parts, n) { n = split(list, parts, " "); return parts[1 + int(n * uniform() * uniform())] }
    BEGIN {
      split(words, lists, "/")
      prompts[1] = "Pick a number from 1 to 10."; prompts[2] = "Name a colour."
      number = 1000000000 + 1000 * (seed % 900000)
      if (format == "litellm") print "["
      for (i = 0; i < 800; ++i) {
        which = 1 + i % 2
        id = sprintf("chatcmpl-%.0f", ++number)
        start = sprintf("%sT10:%02d:%02d", date, int(i / 60), i % 60)
        request = sprintf("{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}], " \
                          "\"temperature\": 1.0, \"max_tokens\": 8}", model, prompts[which])
        response = sprintf("{\"id\": \"%s\", \"model\": \"%s\", \"choices\": [{\"index\": 0, \"message\": " \
                           "{\"role\": \"assistant\", \"content\": \"%s\"}, \"finish_reason\": \"stop\"}]}",
                           id, model, pick(lists[which]))
        if (format == "litellm") {
          printf "%s{\"request_id\": \"%s\", \"call_type\": \"acompletion\", \"startTime\": \"%s.000Z\", " \
                 "\"endTime\": \"%s.700Z\", \"model\": \"%s\", \"api_base\": \"https://relay.example/v1\", " \
                 "\"cache_hit\": \"False\", \"status\": \"success\", \"response\": %s, \"proxy_server_request\": %s}\n",
                 i == 0 ? "" : ",", id, start, start, model, response, request
        } else {
          printf "{\"request\": %s, \"response\": %s, \"status\": 200, \"time\": \"%sZ\", " \
                 "\"endpoint\": \"https://relay.example/v1\", \"total_s\": 0.7}\n", request, response, start
        }
      }
      if (format == "litellm") print "]"
    }'
}

usual='7 3 5 8 9 4 2 6 1 10/blue red green teal purple orange'
day 20261120 2026-11-20 litellm "$usual" >spend-logs.json
day 771 2026-11-21 litellm "$usual" >today.json
day 771 2026-11-21 pairs "$usual" >today.pairs
day 4242 2026-11-22 pairs '4 8 7 2 3 6 9 5 1 10/green blue red orange teal purple' >swapped.pairs
