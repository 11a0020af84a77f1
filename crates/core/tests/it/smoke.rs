use writ_core::testing::*;
#[test]
fn smoke() {
    let mut w = World::ready();
    w.grant();
    w.invoke("alice", RESTART, &[("unit", "nginx")]);
}
