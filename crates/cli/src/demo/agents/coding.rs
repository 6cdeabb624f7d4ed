//! coding-agent: long runs with many steps, whose prompt grows with each of them.

use serde_json::json;

use super::OPUS;
use super::texts::{CODING, FILES};
use crate::demo::incident::Trouble;
use crate::demo::run::{Error, Usage};
use crate::demo::scene::{Broken, Call, Scene, Told, messages, reply};

/// Tokens that the model takes.
const CONTEXT: i64 = 200_000;
/// Steps after which it gives up.
const TURNS_MAX: i64 = 40;

pub(super) fn tell(scene: &mut Scene) -> Told {
    let (task, done) = *scene.random.one_of(&CODING);
    let branch = scene.random.between(100, 999);
    let developer = format!("dev-{}", scene.random.below(30));
    scene.on_behalf_of(Some(developer), Some(format!("pr-{branch}")));
    scene.asked(json!({"task": task, "repository": "shop", "branch": format!("agent/{branch}")}));
    let grows = scene.is(Trouble::GrowingContext);
    let loops = scene.is(Trouble::Loops) && scene.random.permille(700);
    let turns = match loops || grows {
        true => TURNS_MAX,
        false => scene.random.between(8, 34),
    };
    let mut prompt = scene.random.between(6_000, 14_000);
    for turn in 0..turns {
        if prompt > CONTEXT {
            return Err(overflow(scene, prompt));
        }
        let usage = Usage {
            input: prompt,
            cached: if turn == 0 { 0 } else { prompt * 8 / 10 },
            output: scene.random.between(120, 900),
        };
        scene.ask(
            "think",
            OPUS,
            usage,
            (messages(task), reply("next: use a tool")),
        )?;
        let read = match grows {
            true => scene.random.between(9_000, 22_000),
            false => scene.random.between(300, 2_600),
        };
        prompt += usage.output + read;
        use_tool(scene, turn, loops && turn > 5)?;
        // Somebody looks at it, or the machine is slow.
        scene.pause(1_000, 25_000);
    }
    if loops {
        let message = format!(
            "Max turns ({TURNS_MAX}) exceeded; run_tests was called with the same arguments"
        );
        return Err(scene.give_up("MaxTurnsExceeded", message));
    }
    scene.answered(json!({"summary": done, "pull_request": branch}));
    Ok(())
}

fn use_tool(scene: &mut Scene, turn: i64, loops: bool) -> Told {
    let file = *scene.random.one_of(&FILES);
    let call = match if loops { 2 } else { turn % 4 } {
        0 => Call::tool(
            "grep",
            (20, 300),
            json!({"pattern": "def cart"}),
            json!([file]),
        ),
        1 => Call::tool(
            "read_file",
            (5, 60),
            json!({"path": file}),
            json!({"lines": 212}),
        ),
        2 => Call::tool(
            "run_tests",
            (4_000, 28_000),
            json!({"command": "pytest -q"}),
            json!({"passed": 213, "failed": i64::from(loops)}),
        ),
        _ => Call::tool(
            "edit_file",
            (10, 90),
            json!({"path": file, "edits": turn}),
            json!({"changed": true}),
        ),
    };
    scene.call(call)
}

/// The model takes no more.
fn overflow(scene: &mut Scene, prompt: i64) -> Broken {
    let call = Call {
        kind: runwatch_core::step::StepKind::Llm,
        ..Call::tool("think", (1, 1), json!(null), json!(null))
    };
    let message = format!("prompt is too long: {prompt} tokens > {CONTEXT} maximum");
    let error = Error {
        kind: "invalid_request_error",
        code: Some("400"),
        message,
    };
    scene.failed(&call, 180, error);
    Broken
}
