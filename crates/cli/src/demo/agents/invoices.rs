//! invoice-extractor: reads invoices, checks what was read, books them.

use runwatch_core::step::StepKind;
use serde_json::json;

use super::FLASH;
use super::texts::VENDORS;
use crate::demo::incident::Trouble;
use crate::demo::run::{Error, Usage};
use crate::demo::scene::{Call, Scene, Told, messages, reply};

pub(super) fn tell(scene: &mut Scene) -> Told {
    let vendor = *scene.random.one_of(&VENDORS);
    let number = scene.random.between(1_000, 9_999);
    let cents = scene.random.between(990, 1_250_000);
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let is_bad = scene.is(Trouble::BadRelease);
    if is_bad {
        scene.with_bad_release();
    }
    let file = format!("s3://invoices/2026/{number}.pdf");
    let pages = scene.random.between(1, 6);
    scene.asked(json!({"document": file, "pages": pages}));
    let of_kind = |kind: StepKind, call: Call| Call { kind, ..call };
    let fetch = Call::tool(
        "GET /invoices",
        (80, 400),
        json!({"url": file}),
        json!({"bytes": 48_211}),
    );
    scene.call(of_kind(StepKind::Http, fetch))?;
    let text = format!("{vendor}\nInvoice {number}\nTotal EUR {amount}");
    let ocr = Call::tool(
        "read_text",
        (700, 2_600),
        json!({"document": file}),
        json!({"text": text}),
    );
    scene.call(ocr)?;
    let read = json!({"vendor": vendor, "number": number, "total": amount, "currency": "EUR"});
    let usage = Usage {
        input: scene.random.between(1_500, 7_000),
        cached: 0,
        output: scene.random.between(120, 420),
    };
    let texts = (messages(&text), reply(&read.to_string()));
    scene.ask("extract", FLASH, usage, texts)?;
    let check = Call::tool("check_schema", (1, 6), read.clone(), json!({"valid": true}));
    let check = of_kind(StepKind::Guardrail, check);
    if is_bad && scene.random.permille(500) {
        let error = Error {
            kind: "ValidationError",
            code: None,
            message: format!(
                "extracted invoice is not valid JSON: expected `,` at column {}",
                20 + number % 40
            ),
        };
        scene.failed(&check, 4, error.clone());
        return Err(scene.give_up(error.kind, error.message));
    }
    scene.call(check)?;
    let book = Call::tool(
        "INSERT invoices",
        (3, 25),
        json!({"number": number}),
        json!({"rows": 1}),
    );
    scene.call(of_kind(StepKind::Db, book))?;
    scene.answered(read);
    Ok(())
}
