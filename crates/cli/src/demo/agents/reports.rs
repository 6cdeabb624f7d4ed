//! report-builder: batches of many small steps, in a workflow of stages.

use runwatch_core::step::StepKind;
use serde_json::json;

use super::FLASH;
use crate::demo::incident::Trouble;
use crate::demo::run::Usage;
use crate::demo::scene::{Call, Scene, Told, messages, reply};

pub(super) fn tell(scene: &mut Scene) -> Told {
    let regions = scene.random.between(12, 60);
    scene.asked(json!({"report": "sales by region", "regions": regions}));
    let hangs = scene.is(Trouble::HungRuns);
    scene.beneath(
        StepKind::Chain,
        "collect",
        json!({"regions": regions}),
        |scene| {
            for region in 0..regions {
                let rows = scene.random.between(40, 9_000);
                let query = json!({"region": region, "table": "orders"});
                let call = Call::tool("SELECT orders", (4, 120), query, json!({"rows": rows}));
                let kind = StepKind::Db;
                scene.call(Call { kind, ..call })?;
            }
            Ok(())
        },
    )?;
    // The rest is never heard of.
    let stages = if hangs { regions / 3 } else { regions };
    scene.beneath(
        StepKind::Chain,
        "summarize",
        json!({"regions": regions}),
        |scene| {
            for region in 0..stages {
                let usage = Usage {
                    input: scene.random.between(600, 2_400),
                    cached: 0,
                    output: scene.random.between(40, 140),
                };
                let texts = (
                    messages(&format!("Summarize region {region}.")),
                    reply("Up 3 % on last week."),
                );
                scene.ask("summarize_region", FLASH, usage, texts)?;
            }
            Ok(())
        },
    )?;
    scene.answered(json!({"report": "sales by region", "pages": regions / 4 + 1}));
    Ok(())
}
