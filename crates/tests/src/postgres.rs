//! The private Postgres of a test run, and further ones for tests that break theirs.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, io, process};

use runwatch_cli::lifeline::Lifeline;
use runwatch_cli::postgres::{Auth, Durability, Options, Server};
use runwatch_cli::process::Output;
use tokio::sync::OnceCell;

use crate::database::Template;

/// What the folders of servers begin with; the number of the process follows.
const FOLDER_PREFIX: &str = "runwatch-tests-";

/// Tells the folders of one process apart.
static NEXT_FOLDER: AtomicU32 = AtomicU32::new(0);

/// The server that all tests of the process share, with the migrated template on it.
pub(crate) async fn shared() -> &'static Template {
    static SHARED: OnceCell<Template> = OnceCell::const_new();
    SHARED
        .get_or_init(async || {
            std::thread::spawn(remove_old_folders);
            Template::make(start(Durability::OffForTests).await).await
        })
        .await
}

/// Starts a server on a new cluster. It ends with this process at the latest.
pub async fn start(durability: Durability) -> Server {
    let lifeline = Lifeline::start().expect("/bin/sh starts");
    Server::start(Options {
        data_dir: folder(),
        port: free_port(),
        durability,
        auth: Auth::Trust,
        output: Output::Quiet,
        lifeline: Arc::new(lifeline),
    })
    .await
    .expect("a PostgreSQL server of version 15 or newer is installed and starts")
}

/// A port on loopback that nobody listens at.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
    listener.local_addr().expect("it has an address").port()
}

/// A path for a folder of this process that is removed by a later one.
pub fn folder() -> PathBuf {
    let number = NEXT_FOLDER.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("{FOLDER_PREFIX}{}-{number}", process::id()))
}

/// Removes a folder or a file, which another process may be removing too.
fn remove(path: &Path) -> io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    removed.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })
}

/// Removes what test processes left that have ended. They cannot do so themselves: their servers
/// end after them.
fn remove_old_folders() {
    let Ok(entries) = fs::read_dir(env::temp_dir()) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let numbers = name
            .to_str()
            .and_then(|name| name.strip_prefix(FOLDER_PREFIX));
        let owner = numbers.and_then(|numbers| numbers.split('-').next());
        let is_over = owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if is_over && let Err(error) = remove(&entry.path()) {
            #[expect(clippy::print_stderr, reason = "whoever runs the tests should know")]
            {
                eprintln!("{} stays: {error}", entry.path().display());
            }
        }
    }
}
