//! A Redis of a test's own.
//!
//! **Never here:** expectations.
//!
//! **Read first:** [`Redis::start`].

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::folder::Folder;
use crate::house::say_skipped;

/// A server on a free port; killed when it is dropped.
pub(crate) struct Redis {
    child: Option<Child>,
    port: u16,
    folder: Folder,
}

impl Redis {
    /// Starts one; none, and a line that says so, where there is no `redis-server`.
    pub(crate) async fn start() -> Option<Self> {
        let is_there = Command::new("redis-server").arg("--version").output().is_ok();
        if !is_there {
            say_skipped("redis-server is missing, so no limits can be shared");
            return None;
        }
        // Another process may take a port that was free a moment ago; then the next one will do.
        for _ in 0..20 {
            let port =
                std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let mut redis = Self { child: None, port, folder: Folder::new() };
            redis.run();
            if redis.is_up().await {
                return Some(redis);
            }
        }
        panic!("redis-server does not start");
    }

    /// Starts the server again where it was.
    pub(crate) async fn run_again(&mut self) {
        self.run();
        assert!(self.is_up().await, "redis-server starts again");
    }

    fn run(&mut self) {
        let port = self.port.to_string();
        let directory: PathBuf = self.folder.path().to_owned();
        let child = Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--requirepass",
                "hunter2",
            ])
            .args(["--appendonly", "no", "--dir"])
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap());
    }

    async fn is_up(&mut self) -> bool {
        let child = self.child.as_mut().unwrap();
        for _ in 0..2_000 {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// As `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Stops it, so that it takes connections and says nothing; or lets it go on.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Its address, with its password.
    pub(crate) fn url(&self) -> String {
        format!("redis://:hunter2@127.0.0.1:{}/0", self.port)
    }

    /// What a command prints.
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli")
            .args(["-p", &port, "-a", "hunter2", "--no-auth-warning"])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Its clock, in microseconds.
    pub(crate) fn time(&self) -> u64 {
        let text = self.ask(&["TIME"]);
        let mut numbers = text.lines().map(|line| line.trim().parse::<u64>().unwrap());
        numbers.next().unwrap() * 1_000_000 + numbers.next().unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
