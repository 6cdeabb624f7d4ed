//! Finding the items in a body: one JSON object, an array of them, or one object a line.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use serde_json::value::RawValue;

use runwatch_core::json::sanitize;
use runwatch_service::problem::Problem;

/// The texts of the items of a body, in their order.
pub(crate) struct Items<'a>(pub Vec<std::borrow::Cow<'a, str>>);

/// Divides a body into items without reading them: one that cannot be read does not harm the
/// others. `is_lines` tells that it is NDJSON.
pub(crate) fn items(body: &str, is_lines: bool, items_max: usize) -> Result<Items<'_>, Problem> {
    let items: Vec<std::borrow::Cow<'_, str>> = if is_lines {
        body.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(Into::into)
            .collect()
    } else if body.trim_start().starts_with('[') {
        array(body)?
    } else {
        vec![body.into()]
    };
    if items.len() > items_max {
        return Err(Problem::too_many_items(items_max));
    }
    Ok(Items(items))
}

fn array(body: &str) -> Result<Vec<std::borrow::Cow<'_, str>>, Problem> {
    let strict: Result<Vec<&RawValue>, _> = serde_json::from_str(body);
    if let Ok(items) = strict {
        return Ok(items.into_iter().map(|item| item.get().into()).collect());
    }
    let readable = sanitize(body);
    let items: Vec<&RawValue> = serde_json::from_str(&readable).map_err(|error| {
        let detail = format!("The body is not an array of JSON objects: {error}.");
        Problem::new(StatusCode::BAD_REQUEST, "not_json", detail)
    })?;
    Ok(items
        .into_iter()
        .map(|item| item.get().to_owned().into())
        .collect())
}

/// The text of a member of the object that a body is.
pub(crate) fn member<'b>(body: &'b str, name: &str) -> Result<&'b str, Problem> {
    let members: Result<HashMap<String, &RawValue>, _> = serde_json::from_str(body);
    let members = members.map_err(|error| {
        let detail = format!("The body is not a JSON object: {error}.");
        Problem::new(StatusCode::BAD_REQUEST, "not_json", detail)
    })?;
    let found = members.get(name).ok_or_else(|| {
        Problem::bad_request("The body lacks its list of items.").with_field(name)
    })?;
    Ok(found.get())
}
