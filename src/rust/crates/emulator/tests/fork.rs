//! A forked process must leave its parent's emulator alone. The only test of its file: forking suits no company.
#![cfg(unix)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kmsr_emulator::{Config, Emulator};

#[test]
fn a_child_leaves_the_parents_emulator_alone() {
    let emulator = Emulator::start(Config::default()).expect("it starts");
    // SAFETY: the child calls nothing that needs a lock another thread may have held, and ends without cleaning up.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "the system forks");
    if child == 0 {
        let untouched = !emulator.is_running() && emulator.log().is_empty();
        emulator.stop();
        drop(emulator);
        // SAFETY: ends the process at once.
        unsafe { libc::_exit(i32::from(!untouched)) };
    }

    assert_eq!(exit_code(child), 0);
    assert!(emulator.is_running());
    let address = emulator.endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("the parent's emulator still listens");
    stream
        .write_all(b"GET / HTTP/1.0\r\n\r\n")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.contains("UnknownOperationException"), "{answer}");
    emulator.stop();
}

/// Waits for a process, but not forever: a child that hangs is a failure.
fn exit_code(child: libc::pid_t) -> i32 {
    let start = Instant::now();
    let mut status = 0;
    loop {
        // SAFETY: `status` is valid for writing, and `child` is this process's child.
        let waited = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
        if waited == child {
            assert!(libc::WIFEXITED(status), "the child ended by itself");
            return libc::WEXITSTATUS(status);
        }
        assert!(start.elapsed() < Duration::from_secs(10), "the child hangs");
        std::thread::sleep(Duration::from_millis(10));
    }
}
