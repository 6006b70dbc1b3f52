//! Writes lines out, on a thread of their own.
//!
//! **In:** lines, from any thread. **Out:** the same to a writer such as the standard output.
//!
//! **Never here:** what a line says (`log`).
//!
//! **Holds:** no request waits for a slow reader of the log: lines wait in a bounded memory; what does not
//! fit is dropped, and the number of dropped lines is a diagnostic. Nor does a request wake the writer:
//! once awake, it lets lines gather for a moment ([`PAUSE`]) and writes them together, so that a busy
//! gateway makes one system call for many lines.
//!
//! **Read first:** [`lines_to`].

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::log::Lines;

/// Lines to a thread that writes them.
#[derive(Clone)]
pub struct Queue(Arc<Sender>);

/// What all clones of a queue share; with the last of them the thread ends.
struct Sender(Arc<Shared>);

struct Shared {
    waiting: Mutex<Waiting>,
    /// There is something to do for the writer.
    wake: Condvar,
    /// Something was written.
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    n_dropped: u64,
    /// Bytes that came, and bytes that were written, since the beginning.
    n_came: u64,
    n_written: u64,
    is_hurried: bool,
    is_ended: bool,
}

/// How long lines gather before they are written.
const PAUSE: Duration = Duration::from_millis(20);

/// So much is written at once.
const MUCH: usize = 256 * 1024;

/// So much may wait for a slow reader.
const MOST: usize = 4 * 1024 * 1024;

/// How long a process that ends waits for its last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Lines to a writer such as the standard output, written by a thread of their own.
pub fn lines_to(writer: impl Write + Send + 'static) -> Queue {
    let shared = Arc::new(Shared {
        waiting: Mutex::default(),
        wake: Condvar::new(),
        written: Condvar::new(),
    });
    let of_thread = Arc::clone(&shared);
    std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || of_thread.write_all(writer))
        .expect("a thread can be started");
    Queue(Arc::new(Sender(shared)))
}

impl Shared {
    fn write_all(&self, mut writer: impl Write) {
        let mut text = Vec::new();
        while let Some((n_came, n_dropped)) = self.next(&mut text) {
            // Nobody is left to tell when the log itself cannot be written.
            let _ = writer.write_all(&text).and_then(|()| writer.flush());
            self.lock().n_written = n_came;
            self.written.notify_all();
            if n_dropped > 0 {
                tracing::warn!(count = n_dropped, "log lines dropped; their reader is too slow");
            }
        }
    }

    /// Waits for lines, and takes them; `None` at the end.
    fn next(&self, text: &mut Vec<u8>) -> Option<(u64, u64)> {
        let idle = |waiting: &mut Waiting| waiting.text.is_empty() && !waiting.is_ended;
        let waiting = self.wake.wait_while(self.lock(), idle);
        let gathers = |waiting: &mut Waiting| {
            waiting.text.len() < MUCH && !waiting.is_hurried && !waiting.is_ended
        };
        let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
        let gathered = self.wake.wait_timeout_while(waiting, PAUSE, gathers);
        let (mut waiting, _) = gathered.unwrap_or_else(PoisonError::into_inner);
        if waiting.text.is_empty() {
            return None;
        }
        text.clear();
        std::mem::swap(text, &mut waiting.text);
        waiting.is_hurried = false;
        Some((waiting.n_came, std::mem::take(&mut waiting.n_dropped)))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Waits until all lines so far are written, but not for a reader that has stopped.
    pub fn flush(&self) {
        let Sender(shared) = &*self.0;
        let mut waiting = shared.lock();
        let n_came = waiting.n_came;
        waiting.is_hurried = true;
        shared.wake.notify_one();
        let is_late = |waiting: &mut Waiting| waiting.n_written < n_came;
        drop(shared.written.wait_timeout_while(waiting, LAST_LINES, is_late));
    }
}

impl Lines for Queue {
    fn line(&self, line: String) {
        self.copy_of(&line);
    }

    fn copy_of(&self, line: &str) {
        let Sender(shared) = &*self.0;
        let mut waiting = shared.lock();
        let before = waiting.text.len();
        if before + line.len() >= MOST {
            waiting.n_dropped += 1;
            return;
        }
        waiting.text.extend_from_slice(line.as_bytes());
        waiting.text.push(b'\n');
        waiting.n_came += line.len() as u64 + 1;
        let now = waiting.text.len();
        drop(waiting);
        // Asleep, or letting lines gather.
        if before == 0 || (before < MUCH && now >= MUCH) {
            shared.wake.notify_one();
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.lock().is_ended = true;
        self.0.wake.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::{Lines, MOST, lines_to};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A reader that takes what it is sent only when it is told.
    struct Stopped(Sender<()>, Receiver<()>, Written);

    impl Write for Stopped {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.send(());
            let _ = self.1.recv();
            self.2.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_their_order() {
        let written = Written::default();
        let queue = lines_to(written.clone());
        let lines: Vec<String> = (0..10_000).map(|i| format!("line {i}")).collect();
        lines.iter().for_each(|line| queue.copy_of(line));
        queue.flush();
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }

    #[test]
    fn what_a_slow_reader_has_no_room_for_is_dropped_and_nobody_waits() {
        let (written, (is_writing, writing), (go, gone)) =
            (Written::default(), channel(), channel());
        let queue = lines_to(Stopped(is_writing, gone, written.clone()));
        queue.line("first".to_owned());
        writing.recv().unwrap();
        let line = "x".repeat(1023);
        for _ in 0..MOST / 1024 + 10 {
            queue.copy_of(&line);
        }
        // From now on it reads.
        drop((go, writing));
        queue.flush();
        let written = written.0.lock().unwrap();
        let n_lines = written.iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(n_lines, 1 + MOST / 1024);
    }
}
