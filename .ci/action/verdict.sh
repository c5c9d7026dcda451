#!/usr/bin/env bash
# Ends the action as the check ended. No status at all means that the check did not come to one: never clean.
set -euo pipefail

case "${MCPCLASS_STATUS:-}" in
  0) echo "nothing that fails the check" ;;
  1) echo "the check failed: see the summary"; exit 1 ;;
  3) echo "::error title=mcpclass::there is nothing to check"; exit 3 ;;
  4) echo "::error title=mcpclass::a server could not be listed, so nothing is known about it"; exit 4 ;;
  *) echo "::error title=mcpclass::the check did not run: see its log"; exit 2 ;;
esac
