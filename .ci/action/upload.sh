#!/usr/bin/env bash
# Uploads the SARIF file to code scanning through the API: no other action is needed for it.
set -euo pipefail

if [[ -z "${MCPCLASS_SARIF:-}" ]]; then
  echo "there is no report to upload"
  exit 0
fi
packed="$(mktemp "${RUNNER_TEMP:?}/mcpclass-sarif.XXXXXX")"
gzip --stdout "$MCPCLASS_SARIF" | base64 | tr -d '\n' >"$packed"
if ! gh api --method POST "repos/${GITHUB_REPOSITORY:?}/code-scanning/sarifs" --silent \
  --raw-field "commit_sha=${GITHUB_SHA:?}" --raw-field "ref=${GITHUB_REF:?}" --field "sarif=@$packed"; then
  echo "::warning title=mcpclass::the result was not uploaded: code scanning must be enabled, and the job needs 'security-events: write'"
fi
