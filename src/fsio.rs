//! Output files: whole or not at all. A file is written beside its final place, flushed to the disk, then
//! renamed over it, so that a full disk or an interruption never leaves half a policy behind.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes `bytes` to `path`, replacing what is there in one step. A symbolic link keeps pointing where it
/// points; devices and pipes (`/dev/stdout`) are written to directly.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, Flush::Now).map_err(|error| Error::io("cannot write", path, &error))
}

/// The same for what is written as it is made.
pub fn write_atomic_with(path: &Path, write: impl FnOnce(&mut fs::File) -> Result<()>) -> Result<()> {
    // An error of what is written says more than one of the file.
    let mut failed = None;
    let done = replace_with(path, Flush::Now, |file| {
        write(file).map_err(|error| {
            failed = Some(error);
            io::Error::other("not written")
        })
    });
    match (done, failed) {
        (_, Some(error)) => Err(error),
        (done, None) => done.map_err(|error| Error::io("cannot write", path, &error)),
    }
}

/// When a file must have reached the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flush {
    /// Before it takes its place.
    Now,
    /// When the system sees fit: for one of thousands of pages.
    Later,
}

/// Writes `bytes` to `path` in one step.
pub fn replace(path: &Path, bytes: &[u8], flush: Flush) -> io::Result<()> {
    replace_with(path, flush, |file| file.write_all(bytes))
}

fn replace_with(path: &Path, flush: Flush, write: impl FnOnce(&mut fs::File) -> io::Result<()>) -> io::Result<()> {
    let existing = fs::metadata(path).ok();
    if existing.as_ref().is_some_and(|meta| !meta.is_file() && !meta.is_dir()) {
        return write(&mut fs::OpenOptions::new().write(true).open(path)?);
    }
    let target = match existing {
        Some(_) => fs::canonicalize(path)?,
        None => path.to_owned(),
    };
    let mut file = builder().tempfile_in(folder(&target))?;
    if let Some(meta) = existing {
        if meta.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        file.as_file().set_permissions(meta.permissions())?;
    }
    write(file.as_file_mut())?;
    if flush == Flush::Now {
        file.as_file().sync_all()?;
    }
    file.persist(&target).map_err(|failed| failed.error)?;
    Ok(())
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// New files get the permissions that the user's umask gives, not the private ones of a temporary file.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = tempfile::Builder::new();
    builder
        .prefix(".mcpclass-")
        .suffix(".tmp")
        .permissions(fs::Permissions::from_mode(0o666));
    builder
}

/// New files get the folder's permissions.
#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".mcpclass-").suffix(".tmp");
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("policy.json");
        write_atomic(&path, b"one").expect("written");
        write_atomic(&path, b"two").expect("replaced");
        assert_eq!(fs::read(&path).expect("readable"), b"two");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn a_failure_names_the_file_and_leaves_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let missing = dir.path().join("no/such/policy.json");
        let error = write_atomic(&missing, b"x").expect_err("no such folder");
        assert!(error.message().contains("policy.json"), "{error}");
        let error = write_atomic(dir.path(), b"x").expect_err("a folder is no file");
        assert_eq!(error.code(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().expect("a folder");
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").expect("written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("set");
        std::os::unix::fs::symlink(&real, &link).expect("linked");
        write_atomic(&link, b"new").expect("written");
        assert_eq!(fs::read(&real).expect("readable"), b"new");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::metadata(&real).expect("there").permissions().mode() & 0o777, 0o640);
    }
}
