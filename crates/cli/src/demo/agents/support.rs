//! support-bot: one model, a few tools, conversations of several turns.

use serde_json::json;

use super::texts::SUPPORT;
use super::{GPT_MINI, GPT_PRO};
use crate::demo::incident::Trouble;
use crate::demo::run::{Error, Usage};
use crate::demo::scene::{Broken, Call, Scene, Told, messages, reply};

/// Customers who write.
const USERS: i64 = 400;

pub(super) fn tell(scene: &mut Scene) -> Told {
    let (question, answer) = *scene.random.one_of(&SUPPORT);
    let user = scene.random.below(USERS);
    let session = format!("s-{user}-{}", scene.random.below(4));
    scene.on_behalf_of(Some(format!("u-{user}")), Some(session));
    scene.asked(json!({"channel": "chat", "message": question}));
    let is_bad = scene.is(Trouble::BadRelease);
    if is_bad {
        scene.with_bad_release();
    }
    let model = match scene.is(Trouble::CostSpike) {
        true => GPT_PRO,
        false => GPT_MINI,
    };
    // The prompt holds the rules and what was said before.
    let prompt = scene.random.between(900, 3_200);
    let usage = |output: i64| Usage {
        input: prompt,
        cached: prompt * 6 / 10,
        output,
    };
    let plan = usage(scene.random.between(30, 90));
    scene.ask(
        "plan",
        model,
        plan,
        (messages(question), reply("lookup_order")),
    )?;
    let order = scene.random.between(10_000, 99_999);
    scene.call(Call::tool(
        "lookup_order",
        (60, 480),
        json!({"order": order, "customer": format!("u-{user}")}),
        json!({"order": order, "state": "shipped", "carrier": "DHL", "eta_days": 1}),
    ))?;
    if scene.random.permille(350) {
        scene.call(Call::tool(
            "search_faq",
            (40, 160),
            json!({"query": question, "top_k": 3}),
            json!([{"id": "faq-12", "score": 0.83}, {"id": "faq-40", "score": 0.71}]),
        ))?;
    }
    if scene.random.permille(180) {
        scene.call(Call::tool(
            "create_refund",
            (200, 900),
            json!({"order": order, "amount": "19.90", "currency": "EUR"}),
            json!({"refund": format!("rf-{order}"), "state": "accepted"}),
        ))?;
    }
    if is_bad && scene.random.permille(450) {
        return Err(unreadable(scene));
    }
    let last = usage(scene.random.between(60, 260));
    scene.ask("answer", model, last, (messages(question), reply(answer)))?;
    scene.answered(json!({"message": answer, "order": order}));
    Ok(())
}

fn unreadable(scene: &mut Scene) -> Broken {
    let call = Call {
        kind: runwatch_core::step::StepKind::Chain,
        ..Call::tool(
            "format_answer",
            (1, 4),
            json!({"schema": "answer/v3"}),
            json!(null),
        )
    };
    let error = Error {
        kind: "ValidationError",
        code: None,
        message: "answer does not match schema answer/v3: missing field `message`".to_owned(),
    };
    scene.failed(&call, 3, error.clone());
    scene.give_up(error.kind, error.message)
}
