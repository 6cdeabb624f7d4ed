use super::*;

fn shell(script: &str) -> Program {
    Program {
        name: "shell",
        path: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        env: vec![("GREETING", "hello".to_owned())],
        dir: "/".into(),
        account: None,
        stop_signal: Signal::TERM,
        stop_limit: Duration::from_secs(30),
        output: Output::Quiet,
    }
}

fn spawn(program: &Program) -> Process {
    let lifeline = Arc::new(Lifeline::start().unwrap());
    Process::spawn(program, &lifeline, LastLines::default()).unwrap()
}

#[tokio::test]
async fn the_last_lines_of_both_outputs_are_kept_when_a_child_has_ended() {
    let mut process = spawn(&shell("echo $GREETING; echo trouble >&2; exit 3"));
    let status = process.wait().await.unwrap();
    assert_eq!(status.code(), Some(3));
    let text = process.last_lines().text();
    assert!(text.contains("hello") && text.contains("trouble"), "{text}");
}

#[tokio::test]
async fn what_a_child_leaves_behind_ends_with_it() {
    let mut process = spawn(&shell("sleep 600 & echo started"));
    process.wait().await.unwrap();
    assert_eq!(process.last_lines().text(), "started");
}

#[tokio::test]
async fn only_the_last_twenty_lines_are_kept() {
    let mut process = spawn(&shell(
        "i=0; while [ $i -lt 50 ]; do echo $i; i=$((i+1)); done",
    ));
    process.wait().await.unwrap();
    let text = process.last_lines().text();
    assert_eq!(text.lines().count(), LAST_LINES_MAX);
    assert!(text.starts_with("30\n") && text.ends_with("\n49"), "{text}");
}

#[tokio::test]
async fn a_child_is_stopped_by_its_own_signal() {
    let program = shell("trap 'exit 7' TERM; echo up; while :; do sleep 1 & wait; done");
    let mut process = spawn(&program);
    let ready = async {
        while process.last_lines().text().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), ready).await.unwrap();
    assert_eq!(process.stop(&program).await.unwrap().code(), Some(7));
}

#[tokio::test]
async fn a_child_that_does_not_end_is_killed() {
    let mut program = shell("trap '' TERM; echo up; while :; do sleep 60; done");
    program.stop_limit = Duration::from_millis(100);
    let mut process = spawn(&program);
    let ready = async {
        while process.last_lines().text().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), ready).await.unwrap();
    assert!(!process.stop(&program).await.unwrap().success());
}
