//! research-agent: plans, sends out sub-agents who work side by side, and writes a report.

use runwatch_core::step::StepKind;
use serde_json::json;

use super::texts::RESEARCH;
use super::{OPUS, SONNET};
use crate::demo::incident::Trouble;
use crate::demo::run::Usage;
use crate::demo::scene::{Call, Scene, Told, messages, reply};

/// Calls of one tool after which a sub-agent is stopped.
const TURNS_MAX: i64 = 25;
/// The parts that a question is divided into.
const PARTS: [&str; 4] = ["background", "numbers", "objections", "outlook"];

pub(super) fn tell(scene: &mut Scene) -> Told {
    let (question, finding) = *scene.random.one_of(&RESEARCH);
    let user = format!("analyst-{}", scene.random.below(24));
    scene.on_behalf_of(Some(user), None);
    scene.asked(json!({"question": question}));
    let plan = Usage {
        input: scene.random.between(1_200, 2_500),
        cached: 0,
        output: scene.random.between(250, 700),
    };
    let texts = (
        messages(question),
        reply("background; numbers; objections; outlook"),
    );
    scene.ask("plan", OPUS, plan, texts)?;
    let parts = usize::try_from(scene.random.between(2, 4)).unwrap_or(2);
    let loops = scene.is(Trouble::Loops) && scene.random.permille(700);
    let searchers = PARTS.iter().take(parts).enumerate().map(|(at, part)| {
        move |scene: &mut Scene| {
            let input = json!({"question": question, "part": part});
            scene.beneath(StepKind::Agent, "searcher", input, |scene| {
                if loops && at == 0 {
                    return go_in_circles(scene, question);
                }
                search(scene, question, part)
            })
        }
    });
    scene.side_by_side(searchers)?;
    let write = Usage {
        input: scene.random.between(9_000, 26_000),
        cached: 4_000,
        output: scene.random.between(900, 2_400),
    };
    let input = json!({"question": question});
    scene.beneath(StepKind::Agent, "writer", input, |scene| {
        scene.ask("write", SONNET, write, (messages(question), reply(finding)))
    })?;
    scene.answered(json!({"report": finding, "parts": PARTS[..parts]}));
    Ok(())
}

fn search(scene: &mut Scene, question: &str, part: &str) -> Told {
    for turn in 0..scene.random.between(2, 5) {
        let query = format!("{question} {part} {turn}");
        let url = format!("https://example.org/{part}/{}", scene.random.below(900));
        let usage = Usage {
            input: 2_000 + turn * 3_500 + scene.random.below(900),
            cached: turn * 3_000,
            output: scene.random.between(60, 220),
        };
        scene.ask(
            "think",
            SONNET,
            usage,
            (messages(&query), reply("search_web")),
        )?;
        scene.call(Call::tool(
            "search_web",
            (300, 1_800),
            json!({"query": query}),
            json!([{"url": url, "title": part}]),
        ))?;
        scene.call(Call::tool(
            "read_page",
            (200, 2_500),
            json!({"url": url}),
            json!({"text": format!("What {url} says about {part}.")}),
        ))?;
    }
    Ok(())
}

/// The same search again and again, because its answer is never looked at.
fn go_in_circles(scene: &mut Scene, question: &str) -> Told {
    for turn in 0..TURNS_MAX {
        let usage = Usage {
            input: 2_400 + turn * 600,
            cached: turn * 500,
            output: scene.random.between(40, 80),
        };
        scene.ask(
            "think",
            SONNET,
            usage,
            (messages(question), reply("search_web")),
        )?;
        scene.call(Call::tool(
            "search_web",
            (300, 900),
            json!({"query": question}),
            json!([]),
        ))?;
    }
    Err(scene.give_up(
        "MaxTurnsExceeded",
        format!("Max turns ({TURNS_MAX}) exceeded"),
    ))
}
