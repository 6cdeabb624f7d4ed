use std::thread::{self, JoinHandle};

use super::*;

/// A guarded child that would stay for ten minutes.
fn sleeper(lifeline: &Lifeline) -> Child {
    let child = Command::new("sleep").arg("600").spawn().unwrap();
    lifeline.guard(child.id(), Signal::TERM).unwrap();
    child
}

/// Takes note of the child's end at once, as the system does for the children of one that is gone.
fn reap(mut child: Child) -> JoinHandle<bool> {
    thread::spawn(move || child.wait().unwrap().success())
}

#[test]
fn every_child_ends_when_the_lifeline_is_cut() {
    let lifeline = Lifeline::start().unwrap();
    let children = [sleeper(&lifeline), sleeper(&lifeline)].map(reap);
    lifeline.finish().unwrap();
    for child in children {
        assert!(!child.join().unwrap());
    }
}

#[test]
fn a_child_that_was_released_is_let_be() {
    let lifeline = Lifeline::start().unwrap();
    let (mut released, guarded) = (sleeper(&lifeline), sleeper(&lifeline));
    lifeline.release(released.id()).unwrap();
    let guarded = reap(guarded);
    lifeline.finish().unwrap();
    assert!(!guarded.join().unwrap());
    assert!(released.try_wait().unwrap().is_none());
    released.kill().unwrap();
    released.wait().unwrap();
}

#[test]
fn the_lock_lasts_until_the_children_have_ended() {
    let scratch = crate::scratch::Scratch::new();
    let path = scratch.path().join("lock");
    let lock = File::create(&path).unwrap();
    lock.lock().unwrap();
    let lifeline = Lifeline::start_holding(&lock).unwrap();
    drop(lock);
    let other = File::open(&path).unwrap();
    assert!(other.try_lock().is_err());
    lifeline.finish().unwrap();
    other.try_lock().unwrap();
}
