#!/usr/bin/env bash
# Runs the check, writes the step summary and the reports, and leaves the verdict to a later step, so that a
# failed check is still commented and uploaded. Outputs: status, markdown, json, sarif.
set -euo pipefail

mcpclass="${MCPCLASS:?}"
reports="$(mktemp -d "${RUNNER_TEMP:?}/mcpclass-reports.XXXXXX")"

arguments=(check --baseline "${MCPCLASS_BASELINE:-mcpclass.lock}" --fail-on "${MCPCLASS_FAIL_ON:-worse,new:critical}")
[[ -z "${MCPCLASS_CONFIG:-}" ]] || arguments+=(--config "$MCPCLASS_CONFIG")
[[ "${MCPCLASS_START:-}" != true ]] || arguments+=(--yes)
[[ "${MCPCLASS_OFFLINE:-}" != true ]] || arguments+=(--offline)
arguments+=(--format github --report "table=$reports/table.txt" --report "markdown=$reports/report.md")
arguments+=(--report "json=$reports/report.json" --report "sarif=$reports/report.sarif")
# A word that begins with a dash would be read as an option: it is refused.
while IFS= read -r server; do
  server="${server#"${server%%[![:space:]]*}"}"
  server="${server%"${server##*[![:space:]]}"}"
  [[ -n "$server" ]] || continue
  if [[ "$server" == -* ]]; then
    echo "::error title=mcpclass::a server's name begins with a dash"
    echo "status=2" >>"$GITHUB_OUTPUT"
    exit 0
  fi
  arguments+=("$server")
done <<<"${MCPCLASS_SERVERS:-}"

# Standard output holds the annotations alone; messages are a log in which nothing is read as a command.
status=0
"$mcpclass" "${arguments[@]}" 2>"$reports/messages.txt" || status=$?

token="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
echo "::stop-commands::$token"
cat "$reports/messages.txt"
[[ ! -f "$reports/table.txt" ]] || cat "$reports/table.txt"
echo "::$token::"

echo "status=$status" >>"$GITHUB_OUTPUT"
for pair in markdown=report.md json=report.json sarif=report.sarif; do
  [[ ! -f "$reports/${pair#*=}" ]] || echo "${pair%%=*}=$reports/${pair#*=}" >>"$GITHUB_OUTPUT"
done
if [[ -n "${GITHUB_STEP_SUMMARY:-}" && -f "$reports/report.md" ]]; then
  cat "$reports/report.md" >>"$GITHUB_STEP_SUMMARY"
fi
