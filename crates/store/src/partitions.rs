//! Daily partitions, made ahead of time: no insert ever makes one.

use chrono::NaiveDate;
use diesel::sql_types::{BigInt, Integer};
use diesel_async::RunQueryDsl;

use runwatch_core::limits;

use crate::error::Result;
use crate::pool::Conn;

/// The first and the last of some days. A statement that has them as parameters besides the days
/// themselves is planned for the partitions between them, not for all of the two months that there are.
///
/// Such statements find their rows one by one, `LATERAL` with a limit, which a planner cannot turn round:
/// of a partition that is new it knows nothing, and a join may read all of it.
pub(crate) fn bounds(days: &[NaiveDate]) -> (NaiveDate, NaiveDate) {
    let first = days.iter().min().copied().unwrap_or_default();
    let last = days.iter().max().copied().unwrap_or_default();
    (first, last)
}

#[derive(diesel::QueryableByName)]
struct Made {
    #[diesel(sql_type = Integer)]
    made: i32,
}

/// Makes the partitions from yesterday up to [`limits::PARTITION_DAYS_AHEAD`] days ahead, and says
/// how many were missing. Yesterday's too: a flush that began before midnight may still need it.
pub async fn make_ahead(conn: &mut Conn) -> Result<i32> {
    let made: Made = diesel::sql_query(
        "SELECT make_partitions((rw_now() AT TIME ZONE 'UTC')::date - 1, $1::integer + 2) AS made",
    )
    .bind::<BigInt, _>(limits::PARTITION_DAYS_AHEAD)
    .get_result(conn)
    .await?;
    Ok(made.made)
}
