#!/usr/bin/env bash
# Keeps one comment with the report on the pull request: the one that begins with the report's marker is edited,
# else one is made. A token that may not comment, as on a fork's pull request, costs the comment alone.
set -euo pipefail

number="$(jq --raw-output '.pull_request.number // .number // empty' "${GITHUB_EVENT_PATH:?}")"
if [[ ! "$number" =~ ^[0-9]+$ ]]; then
  echo "this is no pull request: there is nothing to comment on"
  exit 0
fi
if [[ -z "${MCPCLASS_MARKDOWN:-}" ]]; then
  echo "there is no report to comment"
  exit 0
fi

repository="${GITHUB_REPOSITORY:?}"
marker="$(head -n 1 "$MCPCLASS_MARKDOWN")"
export marker
publish() {
  local found
  # Only a comment of a bot is ours to edit: anybody can write the marker.
  found="$(gh api --paginate "repos/$repository/issues/$number/comments" \
    --jq '.[] | select(.user.type == "Bot" and (.body | startswith(env.marker))) | .id' | head -n 1)" || return 1
  if [[ "$found" =~ ^[0-9]+$ ]]; then
    gh api --method PATCH "repos/$repository/issues/comments/$found" --field "body=@$MCPCLASS_MARKDOWN" --silent
  else
    gh api --method POST "repos/$repository/issues/$number/comments" --field "body=@$MCPCLASS_MARKDOWN" --silent
  fi
}
if ! publish; then
  echo "::warning title=mcpclass::no comment was written: the job needs 'pull-requests: write', which a fork's pull request does not get"
fi
