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

/// Runs `work` on each line with its number, counted from 1, and writes what it appends to its buffer. A batch is
/// worked on as soon as its lines have arrived, so that a program at the other end of a pipe gets its answer
/// before it sends the next line.
///
/// # Errors
/// Of reading or of writing, the first there is.
pub fn filter<W>(input: impl Read + Send, output: impl Write + Send, longest: usize, work: W) -> io::Result<()>
where
    W: Fn(usize, Line<'_>, &mut Vec<u8>) + Sync,
{
    let waiting = 2 * rayon::current_num_threads() + 2;
    let (order, results) = mpsc::sync_channel::<Receiver<Vec<u8>>>(waiting);
    thread::scope(|threads| {
        let writer = threads.spawn(move || write_in_order(&results, output));
        let read = rayon::in_place_scope(|scope| {
            let work = &work;
            let mut cutter = Cutter::new(input, longest);
            while let Some(batch) = cutter.next_batch()? {
                let (done, result) = mpsc::sync_channel(1);
                if order.send(result).is_err() {
                    // The writer failed; it says why.
                    break;
                }
                scope.spawn(move |_| finish(&batch, work, &done));
            }
            drop(order);
            Ok(())
        });
        match writer.join() {
            Ok(Ok(())) => read,
            Ok(Err(error)) => Err(error),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

fn finish<W>(batch: &Batch, work: &W, done: &SyncSender<Vec<u8>>)
where
    W: Fn(usize, Line<'_>, &mut Vec<u8>),
{
    let mut result = Vec::with_capacity(2 * batch.bytes.len());
    let mut number = batch.first;
    if !batch.bytes.is_empty() {
        let text = batch.bytes.strip_suffix(b"\n").unwrap_or(&batch.bytes);
        for line in text.split(|&byte| byte == b'\n') {
            work(number, Line::Text(line), &mut result);
            number += 1;
        }
    }
    if batch.then_too_long {
        work(number, Line::TooLong, &mut result);
    }
    // Nobody waits for it when writing failed.
    let _ = done.send(result);
}

fn write_in_order(results: &Receiver<Receiver<Vec<u8>>>, mut output: impl Write) -> io::Result<()> {
    for result in results {
        // A worker that panicked sends nothing; its panic reaches the caller through the scope.
        let Ok(bytes) = result.recv() else { break };
        output.write_all(&bytes)?;
        output.flush()?;
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
            if self.skipping && !self.skip(had) {
                continue;
            }
            if let Some(batch) = self.cut() {
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

    /// Throws away up to the end of the line that was too long; whether that end was found.
    fn skip(&mut self, _had: usize) -> bool {
        let end = self.rest.iter().position(|&byte| byte == b'\n');
        match end {
            Some(end) => {
                self.rest.drain(..=end);
                self.skipping = false;
            }
            None => self.rest.clear(),
        }
        !self.skipping || self.ended
    }

    /// The whole lines that were read, if any.
    fn cut(&mut self) -> Option<Batch> {
        let end = match self.rest.iter().rposition(|&byte| byte == b'\n') {
            Some(last) => last + 1,
            None if self.ended => self.rest.len(),
            None => 0,
        };
        let mut after = Vec::with_capacity(self.rest.len() - end + CHUNK);
        after.extend_from_slice(&self.rest[end..]);
        let mut bytes = std::mem::replace(&mut self.rest, after);
        bytes.truncate(end);
        let too_long = self.rest.len() > self.longest;
        if too_long {
            self.rest.clear();
            self.skipping = true;
        }
        if bytes.is_empty() && !too_long {
            return None;
        }
        let batch = Batch {
            first: self.next_line,
            then_too_long: too_long,
            bytes,
        };
        let feeds = batch.bytes.iter().filter(|&&byte| byte == b'\n').count();
        let unended = usize::from(batch.bytes.last().is_some_and(|&byte| byte != b'\n'));
        self.next_line += feeds + unended + usize::from(too_long);
        Some(batch)
    }
}
