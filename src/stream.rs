//! A filter over lines, as fast as the machine: whole lines are cut into batches, the batches are worked on side by
//! side, the results are written in the order of the input. Memory is bounded whatever the input's size: a
//! line by a limit of its own, the batches under way by a queue. Knows nothing of what a line means.

use std::io::{self, Read, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// Bytes asked for at a time; about the size of a batch.
const CHUNK: usize = 256 * 1024;

/// A line as the filter's function gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The line without its line feed.
    Text(&'a [u8]),
    /// A line longer than the limit, whose text was thrown away.
    TooLong,
}

/// Why a filter ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The input could not be read.
    #[error("cannot read the input: {0}")]
    Read(#[source] io::Error),
    /// The output could not be written; for a broken pipe, because nobody wants it.
    #[error("cannot write the result: {0}")]
    Write(#[source] io::Error),
}

/// Why [`batches`] ended before its input did.
#[derive(Debug)]
pub enum Ended<E> {
    /// The input could not be read.
    Input(io::Error),
    /// What takes the results said so.
    Sink(E),
}

/// Runs `work` on each line with its number, counted from 1, and writes what it appends to its buffer. Between the lines
/// of a batch `work` may keep what it likes in a room `R`. A batch is worked on as soon as its lines have arrived, so
/// that a program at the other end of a pipe gets its answer before it sends the next line.
pub fn filter<R, W>(input: impl Read, mut output: impl Write + Send, longest: usize, work: W) -> Result<(), Failure>
where
    R: Default,
    W: Fn(usize, Line<'_>, &mut R, &mut Vec<u8>) + Sync,
{
    let write = |bytes: Vec<u8>| {
        output.write_all(&bytes)?;
        output.flush()
    };
    batches(input, longest, work, write).map_err(|ended| match ended {
        Ended::Input(error) => Failure::Read(error),
        Ended::Sink(error) => Failure::Write(error),
    })
}

/// Runs `work` on each line with its number, counted from 1, and hands what it appends to its list to `sink`, a batch
/// of lines at a time, in the order of the input, on a thread of its own. `R` as for [`filter`].
pub fn batches<R, T, E, W, S>(input: impl Read, longest: usize, work: W, sink: S) -> Result<(), Ended<E>>
where
    R: Default,
    T: Send,
    E: Send,
    W: Fn(usize, Line<'_>, &mut R, &mut Vec<T>) + Sync,
    S: FnMut(Vec<T>) -> Result<(), E> + Send,
{
    let waiting = 2 * rayon::current_num_threads() + 2;
    let (order, results) = mpsc::sync_channel::<Receiver<Vec<T>>>(waiting);
    thread::scope(|threads| {
        let writer = threads.spawn(move || take_in_order(&results, sink));
        let read = rayon::in_place_scope(|scope| {
            let work = &work;
            let mut cutter = Cutter::new(input, longest);
            while let Some(batch) = cutter.next_batch().map_err(Ended::Input)? {
                let (done, result) = mpsc::sync_channel(1);
                if order.send(result).is_err() {
                    // The writer failed; it says why.
                    break;
                }
                scope.spawn(move |_| finish(&batch, longest, work, &done));
            }
            drop(order);
            Ok(())
        });
        match writer.join() {
            Ok(Ok(())) => read,
            Ok(Err(error)) => Err(Ended::Sink(error)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn finish<R, T, W>(batch: &Batch, longest: usize, work: &W, done: &SyncSender<Vec<T>>)
where
    R: Default,
    W: Fn(usize, Line<'_>, &mut R, &mut Vec<T>),
{
    let mut room = R::default();
    let mut result = Vec::with_capacity(2 * batch.bytes.len() / size_of::<T>().max(1));
    let mut number = batch.first;
    let mut rest = batch.bytes.as_slice();
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = if end > longest {
            Line::TooLong
        } else {
            Line::Text(&rest[..end])
        };
        work(number, line, &mut room, &mut result);
        number += 1;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    if batch.then_too_long {
        work(number, Line::TooLong, &mut room, &mut result);
    }
    // Nobody waits for it when writing failed.
    let _ = done.send(result);
}

fn take_in_order<T, E>(
    results: &Receiver<Receiver<Vec<T>>>,
    mut sink: impl FnMut(Vec<T>) -> Result<(), E>,
) -> Result<(), E> {
    for result in results {
        // A worker that panicked sends nothing; its panic reaches the caller through the scope.
        let Ok(done) = result.recv() else { break };
        sink(done)?;
    }
    Ok(())
}

/// Whole lines, and whether a line that was too long follows them.
#[derive(Debug, Default)]
struct Batch {
    first: usize,
    bytes: Vec<u8>,
    then_too_long: bool,
}

/// Cuts a stream into batches of whole lines.
struct Cutter<R> {
    input: R,
    longest: usize,
    /// Read and not yet handed out: the beginning of a line, at most.
    rest: Vec<u8>,
    next_line: usize,
    /// Whether the rest of a line that was too long is being thrown away.
    skipping: bool,
    ended: bool,
}

impl<R: Read> Cutter<R> {
    fn new(input: R, longest: usize) -> Self {
        Self {
            input,
            longest,
            rest: Vec::new(),
            next_line: 1,
            skipping: false,
            ended: false,
        }
    }

    fn next_batch(&mut self) -> io::Result<Option<Batch>> {
        while !self.ended {
            let had = self.rest.len();
            self.read_chunk()?;
            if self.skipping {
                self.skip();
            }
            if let Some(batch) = self.cut(had) {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    fn read_chunk(&mut self) -> io::Result<()> {
        let had = self.rest.len();
        self.rest.resize(had + CHUNK, 0);
        let read = loop {
            match self.input.read(&mut self.rest[had..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.rest.truncate(had + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Throws away what belongs to the line that was too long. Nothing was kept before it.
    fn skip(&mut self) {
        match memchr::memchr(b'\n', &self.rest) {
            Some(end) => {
                self.rest.drain(..=end);
                self.skipping = false;
            }
            None => self.rest.clear(),
        }
    }

    /// The whole lines that were read, if any; there is no line feed in the first `searched` bytes.
    fn cut(&mut self, searched: usize) -> Option<Batch> {
        let end = match self.rest.get(searched..).and_then(|new| memchr::memrchr(b'\n', new)) {
            Some(last) => searched + last + 1,
            None if self.ended => self.rest.len(),
            None => 0,
        };
        let too_long = self.rest.len() - end > self.longest;
        if end == 0 && !too_long {
            return None;
        }
        let after = if too_long {
            Vec::new()
        } else {
            self.rest[end..].to_vec()
        };
        let mut bytes = std::mem::replace(&mut self.rest, after);
        bytes.truncate(end);
        self.skipping = too_long;
        let first = self.next_line;
        let feeds = memchr::memchr_iter(b'\n', &bytes).count();
        let unended = usize::from(bytes.last().is_some_and(|&byte| byte != b'\n'));
        self.next_line += feeds + unended + usize::from(too_long);
        Some(Batch {
            first,
            bytes,
            then_too_long: too_long,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Gives its bytes in pieces of a size, as a pipe does.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = self.1.min(self.0.len()).min(buffer.len());
            let (piece, rest) = self.0.split_at(size);
            buffer[..size].copy_from_slice(piece);
            self.0 = rest;
            Ok(size)
        }
    }

    fn numbered(text: &[u8], piece: usize, longest: usize) -> String {
        let mut out = Vec::new();
        filter(
            Pieces(text, piece),
            &mut out,
            longest,
            |number, line, (): &mut (), out| {
                let shown = match line {
                    Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    Line::TooLong => "too long".to_owned(),
                };
                out.extend_from_slice(format!("{number}:{shown}\n").as_bytes());
            },
        )
        .expect("memory");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn lines_keep_their_order_and_number_however_they_arrive() {
        let text = b"one\n\nthree\nsomething long\nfive\nanother long one";
        let expected = "1:one\n2:\n3:three\n4:too long\n5:five\n6:too long\n";
        for piece in [1, 2, 3, 5, 7, 100] {
            assert_eq!(numbered(text, piece, 6), expected, "in pieces of {piece}");
        }
        assert_eq!(numbered(b"", 1, 6), "");
        assert_eq!(numbered(b"\n", 1, 6), "1:\n");
    }

    #[test]
    fn many_batches_stay_in_order() {
        let (mut text, mut expected) = (String::new(), String::new());
        for n in 0..200_000 {
            let _ = writeln!(text, "{n}");
            let _ = writeln!(expected, "{}:{n}", n + 1);
        }
        assert!(numbered(text.as_bytes(), 4096, 100) == expected);
    }

    #[test]
    fn a_writer_that_fails_ends_it() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let endless = io::repeat(b'\n');
        let error = filter(endless, Closed, 10, |_, _, (): &mut (), out| out.push(b'x')).expect_err("closed");
        assert!(matches!(error, Failure::Write(_)), "{error}");
    }
}
