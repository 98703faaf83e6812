//! From a leaf to an anchor, through a maze: three names with two keys each certify one another, so
//! that there are circles, doubles, paths that are too long and signatures of the wrong key.
//!
//! Input: the instant (in quarters of a year), the budget, how many are anchors, the leaf, then the
//! certificates by their numbers, anchors first.

use std::sync::OnceLock;

use chancery::clock::Timestamp;
use chancery::pki::{Budget, Certificate, ChainError, Order, Profile, Subject, chain};

use super::material::{Key, now, serial};

/// Seconds of a quarter of a year.
const QUARTER: i64 = 7_889_400;

/// The most certificates that a search is given.
const MOST: usize = 12;

pub fn law(octets: &[u8]) {
    let [quarters, budget, anchors, leaf, rest @ ..] = octets else { return };
    let maze = maze();
    let pick = |number: &u8| maze[usize::from(*number) % maze.len()].clone();
    let picked: Vec<Certificate> = rest.iter().take(MOST).map(pick).collect();
    let (anchors, intermediates) = picked.split_at(usize::from(*anchors).min(picked.len()));
    let leaf = pick(leaf);
    let at = now().plus(i64::from(*quarters) * QUARTER);
    let mut limit = Budget::of_signatures(u32::from(*budget));
    match chain(&leaf, intermediates, anchors, at, &mut limit) {
        Ok(path) => {
            assert_eq!(path.certificates.first(), Some(&leaf));
            assert!(path.certificates.last().is_some_and(|last| anchors.contains(last)));
            let path: Vec<&Certificate> = path.certificates.iter().collect();
            assert!(stands(&path, at), "a path that is given stands");
        }
        Err(ChainError::Budget) => {}
        Err(why) => {
            let found = exists(&mut vec![&leaf], intermediates, anchors, at);
            assert!(!found, "there is a path, and the search says: {why}");
        }
    }
}

/// Whether every certificate of a path issued the one before it.
fn stands(path: &[&Certificate], at: Timestamp) -> bool {
    path.len() <= 10
        && path.iter().all(|one| one.not_before() <= at && at <= one.not_after())
        && path.windows(2).enumerate().all(|(between, pair)| {
            let [below, above] = pair else { return false };
            below.issuer_der() == above.subject_der()
                && above.is_ca()
                && above.path_length().is_none_or(|allowed| between <= usize::from(allowed))
                && below.verify_signed_by(above.public_key()).is_ok()
        })
}

/// Whether any path stands, by trying them all.
fn exists<'a>(
    path: &mut Vec<&'a Certificate>,
    intermediates: &'a [Certificate],
    anchors: &'a [Certificate],
    at: Timestamp,
) -> bool {
    if !stands(path, at) {
        return false;
    }
    if path.last().is_some_and(|last| anchors.contains(last)) {
        return true;
    }
    anchors.iter().chain(intermediates).any(|above| {
        let same = |seen: &&Certificate| {
            seen.subject_der() == above.subject_der() && seen.public_key() == above.public_key()
        };
        if path.iter().any(same) {
            return false;
        }
        path.push(above);
        let found = exists(path, intermediates, anchors, at);
        path.pop();
        found
    })
}

/// Six roots, what each of them certifies of the others (with room below for none or for three),
/// and a leaf of each.
fn maze() -> &'static [Certificate] {
    static MAZE: OnceLock<Vec<Certificate>> = OnceLock::new();
    MAZE.get_or_init(|| {
        let ca = |life_years: u32, room: u8| {
            let life = life_years * 31_557_600;
            let text = format!(
                "{{name: x, description: x, life_seconds: {life}, key_usage: [keyCertSign], \
                 authority: {{path_length: {room}}}}}"
            );
            Profile::from_yaml(&text).unwrap()
        };
        let leaf =
            "{name: x, description: x, life_seconds: 31557600, key_usage: [digitalSignature]}";
        let leaf = Profile::from_yaml(leaf).unwrap();
        let who: Vec<(Subject, Key)> = ["a", "b", "c"]
            .into_iter()
            .flat_map(|name| [3, 4].map(|key| (Subject::named(name), Key::of(key))))
            .collect();
        let mut all = Vec::new();
        for (number, (name, key)) in (10_u8..).zip(&who) {
            let draft = ca(40, 9).draft_root(&key.public(), &serial(number), name, now()).unwrap();
            let signature = key.sign(draft.to_be_signed());
            all.push(draft.seal(&signature).unwrap());
        }
        let roots = all.clone();
        for (root, (_, key)) in roots.iter().zip(&who) {
            for (number, (name, below)) in (20_u8..).zip(&who) {
                for (room, life) in [(0, 20), (3, 10)] {
                    let serial = serial(number + room);
                    let profile = ca(life, room);
                    let draft = profile.draft_issuing(root, &below.public(), &serial, name, now());
                    let Ok(draft) = draft else { continue };
                    let signature = key.sign(draft.to_be_signed());
                    all.push(draft.seal(&signature).unwrap());
                }
            }
            let request = super::certify::request(&Key::of(5), "leaf");
            let order = Order::of(&request);
            let draft = leaf.draft(root, &serial(99), &order, now()).unwrap();
            let signature = key.sign(draft.to_be_signed());
            all.push(draft.seal(&signature).unwrap());
        }
        all
    })
}
