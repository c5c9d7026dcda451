//! Writing a result to a file: whole or not at all, through a temporary file beside it.

use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};

/// Replaces the file, or leaves it as it was. A link is followed, so that it stays a link.
pub fn write(path: &Path, text: &str) -> Result<()> {
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |error: std::io::Error| Error::io("cannot write", path, &error);
    let folder = target
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if !target.as_os_str().is_empty() && target.exists() && !target.is_file() {
        // A pipe or a device, such as /dev/stdout: there is nothing to replace.
        return std::fs::write(&target, text).map_err(failed);
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mcpclass-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&target).map_or(0o666, |m| m.permissions().mode());
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.persist(&target).map_err(|e| failed(e.error))?;
    Ok(())
}
