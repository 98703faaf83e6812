//! Clients at work: each registers, enrolls, reenrolls and revokes, until its server is gone.

use super::book::Book;
use super::http::Answer;
use super::member::{Key, Member, Outcome};

/// The connection broke: the server is gone.
pub(super) struct Gone;

/// What a client got: the thing, or nothing because it was told to come again.
fn settle<T>(outcome: Outcome<T>, book: &Book) -> Result<Option<T>, Gone> {
    match outcome {
        Ok(Ok(thing)) => Ok(Some(thing)),
        Ok(Err(Answer { status: 503, has_retry_after: true, .. })) => {
            book.put_off();
            Ok(None)
        }
        Ok(Err(answer)) => {
            panic!("unexpected: {} {}", answer.status, String::from_utf8_lossy(&answer.body))
        }
        Err(_) => Err(Gone),
    }
}

/// Works until the server is gone.
pub(super) fn work(url: &str, key: &Key, admin: &str, race: &str, book: &Book) {
    let mut member = Member::of(url, key);
    let _ = enroll_limited(&mut member, race, 1, book);
    while one_member(&mut member, admin, book).is_ok() {}
}

fn one_member(member: &mut Member<'_>, admin: &str, book: &Book) -> Result<(), Gone> {
    let number = book.number();
    let id = format!("m{number}");
    // A third may enroll once or twice, the others as often as they like.
    let max = match number % 6 {
        0 => 1,
        3 => 2,
        _ => -1,
    };
    if settle(member.register(admin, &id, max), book)?.is_none() {
        return Ok(());
    }
    book.registered(&id, max);
    if max > 0 {
        return enroll_limited(member, &id, max + 1, book);
    }
    let Some(pem) = settle(member.enroll(&id, "s"), book)? else { return Ok(()) };
    let mut serials = vec![book.certified(&pem)];
    if !number.is_multiple_of(4)
        && let Some(pem) = settle(member.reenroll(&id, &pem), book)?
    {
        serials.push(book.certified(&pem));
    }
    if number % 4 < 2 && settle(member.revoke(admin, &id), book)?.is_some() {
        book.revoked(serials);
    }
    Ok(())
}

/// Enrolls so many times; refused ones are fine, what they leave is counted at the end.
fn enroll_limited(member: &mut Member<'_>, id: &str, times: i64, book: &Book) -> Result<(), Gone> {
    for _ in 0..times {
        match member.enroll(id, "s") {
            Ok(Err(answer)) if answer.status == 401 => {}
            outcome => match settle(outcome, book) {
                Ok(Some(pem)) => drop(book.certified(&pem)),
                Ok(None) => {}
                Err(Gone) => {
                    book.unsettled(id);
                    return Err(Gone);
                }
            },
        }
    }
    Ok(())
}
