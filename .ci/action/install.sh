#!/usr/bin/env bash
# Puts mcpclass on the runner and says where: output `mcpclass`.
# MCPCLASS_VERSION: empty for this action's own source, `installed`, or a release such as 1.2.3.
set -euo pipefail

root="${RUNNER_TEMP:?}/mcpclass"
binary="$root/bin/mcpclass"
version="${MCPCLASS_VERSION#v}"

# A release is an archive whose checksum stands beside it; where there is none, cargo builds that version.
from_release() {
  local target archive base
  case "${RUNNER_OS:-}-${RUNNER_ARCH:-}" in
    Linux-X64) target=x86_64-unknown-linux-gnu ;;
    Linux-ARM64) target=aarch64-unknown-linux-gnu ;;
    macOS-X64) target=x86_64-apple-darwin ;;
    macOS-ARM64) target=aarch64-apple-darwin ;;
    *) return 1 ;;
  esac
  [[ -n "${MCPCLASS_REPOSITORY:-}" ]] || return 1
  archive="mcpclass-$version-$target.tar.gz"
  base="${GITHUB_SERVER_URL:-https://github.com}/$MCPCLASS_REPOSITORY/releases/download/v$version"
  mkdir -p "$root/bin"
  (
    cd "$root" || exit 1
    curl --fail --silent --show-error --location --proto '=https' --remote-name "$base/$archive" || exit 1
    curl --fail --silent --show-error --location --proto '=https' --remote-name "$base/$archive.sha256" || exit 1
    # A download whose checksum is wrong is an error, not a reason to try another way.
    if ! sha256sum --check --status "$archive.sha256"; then
      echo "::error title=mcpclass::the checksum of $archive is wrong"
      exit 2
    fi
    tar --extract --gzip --file "$archive" --directory bin mcpclass
  )
}

if [[ "$version" == installed ]]; then
  binary="$(command -v mcpclass)" || {
    echo "::error title=mcpclass::version is 'installed', and there is no mcpclass on the PATH"
    exit 2
  }
elif [[ -z "$version" ]]; then
  cargo install --locked --quiet --path "${GITHUB_ACTION_PATH:?}" --root "$root"
elif [[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]; then
  status=0
  from_release || status=$?
  case "$status" in
    0) ;;
    1) cargo install --locked --quiet mcpclass --version "$version" --root "$root" ;;
    *) exit "$status" ;;
  esac
else
  echo "::error title=mcpclass::version is neither empty, nor 'installed', nor a release such as 1.2.3"
  exit 2
fi

"$binary" --version
echo "mcpclass=$binary" >>"$GITHUB_OUTPUT"
