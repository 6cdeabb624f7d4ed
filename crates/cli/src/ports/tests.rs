use super::*;

#[test]
fn every_port_of_an_installation_lies_within_its_ten() {
    let ports = Ports::from_base(8080).unwrap();
    let all = [
        ports.nginx,
        ports.ingest,
        ports.query,
        ports.worker,
        ports.postgres,
    ];
    assert_eq!(all, [8080, 8081, 8082, 8084, 8086]);
    assert!(all.iter().all(|port| *port < 8080 + PORTS_PER_INSTALLATION));
}

#[test]
fn the_highest_public_port_leaves_room_for_all_ten() {
    assert!(Ports::from_base(65_526).is_ok());
    let error = Ports::from_base(65_527).unwrap_err().to_string();
    assert!(
        error.contains("--port 65527") && error.contains("65526"),
        "{error}"
    );
}

#[test]
fn port_zero_is_refused() {
    assert!(matches!(Ports::from_base(0), Err(PortError::Zero)));
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
