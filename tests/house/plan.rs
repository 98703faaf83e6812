//! The plan of the house: which room stands on which floor, and the arrows on a floor.

/// The floors from the ground up. A room may use every room on a floor beneath its own.
pub(super) const FLOORS: [&[&str]; 6] = [
    &["id", "clock", "secret", "audit", "wire"],
    &["pki", "msp", "policy", "channel"],
    &["hsm", "store", "api", "folder", "orderer"],
    &["service"],
    &["http", "fabric", "console", "signer"],
    &["tls", "telemetry", "config", "server", "dev", "init", "serve", "cli", "main"],
];

/// Who may use whom on the same floor.
const ARROWS: [(&str, &[&str]); 12] = [
    ("audit", &["id", "clock"]),
    ("id", &["clock"]),
    ("channel", &["policy", "msp", "pki"]),
    ("policy", &["msp", "pki"]),
    ("msp", &["pki"]),
    ("config", &["tls", "telemetry"]),
    ("server", &["config", "tls", "telemetry"]),
    ("serve", &["server", "config", "tls", "telemetry"]),
    ("init", &["server", "config", "tls", "telemetry"]),
    ("dev", &["init", "serve", "server", "config", "tls", "telemetry"]),
    ("cli", &["dev", "init", "serve", "server", "config", "tls", "telemetry"]),
    ("main", &["cli"]),
];

/// Rooms that take a few names of another room and nothing else of it.
const NARROW: [(&str, &str, &[&str]); 2] = [
    // The token signs octets: it knows keys and signatures, not certificates.
    (
        "hsm",
        "pki",
        &[
            "key",
            "signature",
            "algorithm",
            "PublicKey",
            "KeyAlgorithm",
            "KeyError",
            "SignatureAlgorithm",
            "SignatureError",
        ],
    ),
    // JSON shapes know the reason codes.
    ("api", "pki", &["reason", "Reason"]),
];

/// Crates and modules that the pure floors (words and rules) may not name.
pub(super) const IMPURE: [&[&str]; 8] = [
    &["tokio"],
    &["sqlx"],
    &["axum"],
    &["tracing"],
    &["std", "fs"],
    &["std", "thread"],
    &["std", "process"],
    &["std", "env"],
];

/// The floor of a room, if it is on the plan.
pub(super) fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Why `room` may not use `name` of `other`, or nothing when it may.
pub(super) fn refusal(room: &str, other: &str, name: Option<&str>) -> Option<String> {
    let (Some(from), Some(to)) = (floor(room), floor(other)) else {
        return Some(format!("`{room}` or `{other}` has no floor in tests/house/plan.rs"));
    };
    if from < to {
        return Some(format!("`{room}` runs up a floor to `{other}`"));
    }
    let arrow = ARROWS.iter().any(|(at, to)| *at == room && to.contains(&other));
    if from == to && !arrow {
        return Some(format!("`{room}` runs sideways to `{other}`"));
    }
    let narrow = NARROW.iter().find(|(at, to, _)| *at == room && *to == other)?;
    match name {
        Some(name) if narrow.2.contains(&name) => None,
        _ => Some(format!("`{room}` takes only {:?} of `{other}`", narrow.2)),
    }
}
