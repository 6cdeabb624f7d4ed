//! The connection of a request, to be let go when reading what it still brings would cost too much.

use std::any::Any;
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;

use actix_web::HttpRequest;
use actix_web::dev::{Extensions, ServiceResponse};
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::rt::net;

/// Bodies up to this are read to their end though nobody wants them, so that the connection is kept.
const DRAINED_BYTES_MAX: usize = 64 << 10;

/// A connection, as its requests know it.
struct Connection(TcpStream);

/// Lets the requests of a connection know it.
pub(super) fn remember(stream: &dyn Any, data: &mut Extensions) {
    let stream = stream.downcast_ref::<net::TcpStream>();
    if let Some(Ok(copy)) = stream.map(|stream| stream.as_fd().try_clone_to_owned()) {
        data.insert(Connection(TcpStream::from(copy)));
    }
}

/// Has the server not read the rest of a body that came too much.
///
/// Refused requests are otherwise read to their end, so that their clients get to see the answer. Who is
/// refused because there is no time must not take as much time as who is let in: what has arrived is read,
/// and the connection closed. The answer has been sent by then.
pub(crate) fn let_go<B>(response: &mut ServiceResponse<B>) {
    let is_too_much = matches!(
        response.status(),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
    );
    if is_too_much && has_large_body(response.request()) {
        if let Some(Connection(stream)) = response.request().conn_data() {
            // One that is closed already is let go as well.
            stream.shutdown(Shutdown::Read).ok();
        }
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
}

fn has_large_body(request: &HttpRequest) -> bool {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    is_chunked || length.is_some_and(|length| length > DRAINED_BYTES_MAX)
}
