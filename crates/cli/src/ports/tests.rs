use super::*;

#[test]
fn every_port_of_an_installation_lies_within_its_ten() {
    let ports = Ports::from_base(9000, None).unwrap();
    let all = [
        ports.nginx,
        ports.ingest,
        ports.query,
        ports.worker,
        ports.ingest_grpc,
        ports.postgres,
        ports.grpc,
    ];
    assert_eq!(all, [9000, 9001, 9002, 9004, 9005, 9006, 9007]);
    assert!(all.iter().all(|port| *port < 9000 + PORTS_PER_INSTALLATION));
}

#[test]
fn exporters_find_the_default_installation_where_they_look_for_it() {
    assert_eq!(Ports::from_base(8080, None).unwrap().grpc, 4317);
    assert_eq!(Ports::from_base(8080, Some(14_317)).unwrap().grpc, 14_317);
}

#[test]
fn the_highest_public_port_leaves_room_for_all_ten() {
    assert!(Ports::from_base(65_526, None).is_ok());
    let error = Ports::from_base(65_527, None).unwrap_err().to_string();
    assert!(
        error.contains("--port 65527") && error.contains("65526"),
        "{error}"
    );
}

#[test]
fn port_zero_is_refused() {
    assert!(matches!(Ports::from_base(0, None), Err(PortError::Zero)));
}

#[test]
fn a_port_in_use_is_named_together_with_the_option_that_changes_it() {
    let held = TcpListener::bind(on_loopback(0)).unwrap();
    let port = held.local_addr().unwrap().port();
    let error = check_free(on_loopback(0).ip(), port, "nginx")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&port.to_string()) && error.contains("--port"),
        "{error}"
    );
    drop(held);
    check_free(on_loopback(0).ip(), port, "nginx").unwrap();
}
