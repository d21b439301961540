//! A server that takes the connection and then says nothing: the profile says for how long that is borne.

use std::net::TcpListener;

use crate::{EXPORT, desk, ended, told};

#[test]
fn a_server_that_hangs_is_given_up_after_the_time_that_the_profile_allows() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Every attempt is taken, and kept open until the test ends.
    let (taken, count) = std::sync::mpsc::channel();
    std::thread::spawn(move || listener.incoming().flatten().try_for_each(|stream| taken.send(stream)));
    let temp = desk(&format!(
        "deliver_to = [\"sftp://me@127.0.0.1:{port}/in/x.zip\"]\nhost_keys = [\"SHA256:n1a9XlsGnfCSBsBIsCKKEo0jJgM5NJ6TSIEUzGmZvwY\"]\n\
         delivery_attempts = 2\ndelivery_connect_timeout = 1\nsftp_password_command = \"echo password\""
    ));
    let output = ended(temp.path(), &EXPORT, 5);
    assert!(told(&output).contains("1 s"), "{}", told(&output));
    assert!(told(&output).contains("is kept"), "{}", told(&output));
    assert_eq!(count.try_iter().count(), 2, "a time-out is a fault of the connection, which is tried again");
}
