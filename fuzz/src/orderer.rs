//! What an orderer sends: blocks, one after another, whatever was asked for.

use chancery::channel::{Learned, SoundBlock, Trail, Wanted};
use chancery::wire::{BroadcastResponse, DeliverResponse, DeliverType, Message as _, decode};

use super::update::{first, now};

/// Messages with their lengths in two octets before them.
fn frames(mut octets: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some(([high, low], rest)) = octets.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (frame, rest) = rest.split_at(length);
        frames.push(frame);
        octets = rest;
    }
    frames
}

/// Blocks that nobody signed lead nowhere: a known configuration stays what it is, and one that is not known stands for
/// itself only if it is a first block.
pub fn law(octets: &[u8]) {
    if let Ok(answer) = decode::<BroadcastResponse>(octets) {
        assert_eq!(decode(&answer.encode_to_vec()), Ok(answer));
    }
    let answers: Vec<DeliverResponse> =
        frames(octets).into_iter().filter_map(|frame| decode(frame).ok()).collect();
    for trail in [Trail::after(first()), Trail::since("channel", 0), Trail::to_newest("channel")] {
        walk(trail, &answers);
    }
}

fn walk(mut trail: Trail, answers: &[DeliverResponse]) {
    assert_eq!(trail.wanted(), Some(Wanted::Newest));
    for answer in answers {
        assert_eq!(decode(&answer.encode_to_vec()).as_ref(), Ok(answer));
        let Some(DeliverType::Block(block)) = &answer.r#type else { continue };
        let wanted = trail.wanted();
        match SoundBlock::read(block.clone()) {
            Ok(sound) => assert_eq!(sound.to_message(), *block),
            Err(_) if wanted.is_some() => assert!(trail.take(block.clone()).is_err()),
            Err(_) => {}
        }
        match (wanted, trail.take(block.clone())) {
            // It is asked for less and less.
            (Some(Wanted::Config(asked) | Wanted::Telling(asked)), Ok(())) => {
                match trail.wanted() {
                    Some(Wanted::Config(next) | Wanted::Telling(next)) => assert!(next <= asked),
                    Some(Wanted::Newest) => panic!("again"),
                    None => {}
                }
            }
            (Some(Wanted::Newest), Ok(())) => assert_ne!(trail.wanted(), Some(Wanted::Newest)),
            (None, Ok(())) => assert_eq!(trail.wanted(), None),
            (_, Err(why)) => {
                assert!(!why.to_string().contains('\n'));
                return;
            }
        }
    }
    if trail.wanted().is_some() {
        return;
    }
    let sequences: Vec<u64> = trail.found().iter().map(|block| block.config().sequence).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] == pair[1] + 1), "{sequences:?}");
    let latest = trail.found()[0].config().clone();
    match trail.conclude(first(), now()) {
        Ok(Learned::Same) => assert_eq!(&latest, first().config()),
        Ok(Learned::Older(sequence)) => assert!(sequence < first().config().sequence),
        Ok(Learned::Later(_)) => panic!("nobody signed"),
        Err(why) => assert!(!why.to_string().contains('\n')),
    }
}
