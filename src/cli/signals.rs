//! Ctrl-C and requests to terminate.
//!
//! Within [`gracefully`] the first signal sets a flag, and the work ends with what is finished on
//! disk. At any other time, during an analysis for example, the process ends at once: files are
//! written atomically, so nothing that is finished is lost. A second Ctrl-C always ends it at once.
//!
//! On Unix all of it happens in the handler of the signal, which needs no thread. A hangup that is
//! ignored, as under `nohup`, stays ignored.

use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use shoal::{Error, Result};

/// Whether a signal has come.
static STOP: AtomicBool = AtomicBool::new(false);
/// How many calls of [`gracefully`] are running.
static GRACEFUL: AtomicUsize = AtomicUsize::new(0);
/// What is printed when the process ends at once. Replaced ones are leaked: a handler may read
/// them.
static LAST_WORDS: AtomicPtr<LastWords> = AtomicPtr::new(null_mut());
/// When the handlers were installed, and milliseconds from then to the first signal.
static BEGIN: OnceLock<Instant> = OnceLock::new();
static FIRST: AtomicU64 = AtomicU64::new(0);

/// Milliseconds within which a second Ctrl-C is the same one: some programs, as `timeout`, pass a
/// signal on twice.
const SAME: u64 = 100;

/// The exit code, 128 + SIGINT, as of [`Error::Interrupted`].
const CODE: i32 = 130;

struct LastWords {
    error: String,
    event: Option<String>,
}

/// Catches the signals, in a process that prints events (`--json`) or not.
pub fn install(json: bool) {
    BEGIN.get_or_init(Instant::now);
    doing("this command has written nothing", json);
    #[cfg(unix)]
    unix::install();
    #[cfg(not(unix))]
    // without a handler Ctrl-C ends the process at once, which loses nothing that is finished
    let _ = ctrlc::set_handler(|| caught(true));
}

/// Sets what an interruption says from now on: what is on disk and how to go on.
pub fn doing(state: &str, json: bool) {
    let text = format!("interrupted; {state}");
    let event = json!({ "event": "error", "text": text, "exit_code": CODE });
    let words =
        LastWords { error: format!("error: {text}\n"), event: json.then(|| format!("{event}\n")) };
    LAST_WORDS.store(Box::into_raw(Box::new(words)), Ordering::Release);
}

/// Runs work that ends soon after its flag becomes true.
pub fn gracefully<T>(work: impl FnOnce(&AtomicBool) -> T) -> T {
    GRACEFUL.fetch_add(1, Ordering::SeqCst);
    let done = work(&STOP);
    GRACEFUL.fetch_sub(1, Ordering::SeqCst);
    done
}

/// An error if a signal came while work ran [`gracefully`] to its end.
pub fn check(state: &str) -> Result<()> {
    match STOP.load(Ordering::SeqCst) {
        true => Err(Error::Interrupted(format!("interrupted; {state}"))),
        false => Ok(()),
    }
}

/// Handles a signal; `again` if a second one of its kind ends the process. Does only what a handler
/// may do.
fn caught(again: bool) {
    let now = BEGIN.get().map_or(0, |begin| begin.elapsed().as_millis() as u64);
    let first = !STOP.swap(true, Ordering::SeqCst);
    if first {
        FIRST.store(now, Ordering::SeqCst);
    }
    let second = again && !first && now > FIRST.load(Ordering::SeqCst) + SAME;
    if GRACEFUL.load(Ordering::SeqCst) == 0 || second {
        leave();
    }
}

/// Prints the last words and ends the process.
fn leave() -> ! {
    // SAFETY: the pointer is null or of a box that is never freed.
    if let Some(words) = unsafe { LAST_WORDS.load(Ordering::Acquire).as_ref() } {
        if let Some(event) = &words.event {
            print(1, event);
        }
        print(2, &words.error);
    }
    #[cfg(unix)]
    // SAFETY: it may be called in a handler, and runs nothing of this process.
    unsafe {
        libc::_exit(CODE)
    }
    #[cfg(not(unix))]
    std::process::exit(CODE)
}

/// Writes to a descriptor, 1 or 2; what cannot be written is dropped.
fn print(to: i32, text: &str) {
    #[cfg(unix)]
    // SAFETY: the bytes are those of a string.
    unsafe {
        libc::write(to, text.as_ptr().cast(), text.len());
    }
    #[cfg(not(unix))]
    {
        use std::io::Write;
        let _ = match to {
            1 => std::io::stdout().write_all(text.as_bytes()),
            _ => std::io::stderr().write_all(text.as_bytes()),
        };
    }
}

#[cfg(unix)]
mod unix {
    use std::mem::zeroed;
    use std::ptr::{null, null_mut};

    use libc::{SIG_IGN, SIGHUP, SIGINT, SIGTERM, SIGXCPU, SIGXFSZ, c_int};

    /// Catches what asks a process to end, but for a hangup that is ignored. A file that may not
    /// grow any more (`ulimit -f`) is an error when it is written, and not the end of the process.
    pub fn install() {
        let handler: extern "C" fn(c_int) = on_signal;
        // SAFETY: the actions are zeroed structs of plain data; `on_signal` does only what a
        // handler may do: atomic operations, reading a clock, `write` and `_exit`.
        unsafe {
            libc::signal(SIGXFSZ, SIG_IGN);
            for signal in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] {
                let mut before: libc::sigaction = zeroed();
                libc::sigaction(signal, null(), &mut before);
                if signal == SIGHUP && before.sa_sigaction == SIG_IGN {
                    continue;
                }
                let mut action: libc::sigaction = zeroed();
                action.sa_sigaction = handler as usize;
                action.sa_flags = libc::SA_RESTART;
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(signal, &action, null_mut());
            }
        }
    }

    extern "C" fn on_signal(signal: c_int) {
        crate::cli::signals::caught(signal == SIGINT);
    }
}
