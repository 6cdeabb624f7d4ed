//! docs-search: questions about documentation, answered from what a search finds. Fast and frequent.

use runwatch_core::step::StepKind;
use serde_json::json;

use super::texts::DOCS;
use super::{EMBEDDING, MISTRAL};
use crate::demo::run::Usage;
use crate::demo::scene::{Call, Scene, Told, messages, reply};

/// Developers who ask.
const USERS: i64 = 1_200;

pub(super) fn tell(scene: &mut Scene) -> Told {
    let (question, answer) = *scene.random.one_of(&DOCS);
    let user = scene.random.below(USERS);
    scene.on_behalf_of(Some(format!("dev-{user}")), None);
    scene.asked(json!(question));
    scene.embed(EMBEDDING, question);
    let first = scene.random.between(1, 400);
    let found = json!([
        {"id": format!("doc-{first}"), "score": 0.91, "content": answer},
        {"id": format!("doc-{}", first + 7), "score": 0.78, "content": "…"},
    ]);
    let retrieval = Call {
        kind: StepKind::Retrieval,
        ..Call::tool("search_docs", (15, 90), json!(question), found.clone())
    };
    scene.call(retrieval)?;
    if scene.random.permille(400) {
        let rerank = Call {
            kind: StepKind::Reranker,
            ..Call::tool(
                "rerank",
                (20, 70),
                json!({"query": question, "documents": 20}),
                found,
            )
        };
        scene.call(rerank)?;
    }
    let input = scene.random.between(1_800, 5_400);
    let usage = Usage {
        input,
        cached: 0,
        output: scene.random.between(50, 180),
    };
    scene.ask(
        "answer",
        MISTRAL,
        usage,
        (messages(question), reply(answer)),
    )?;
    scene.answered(json!({"answer": answer, "sources": [format!("doc-{first}")]}));
    Ok(())
}
