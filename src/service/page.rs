//! Lists of any length, a page at a time, so that a face can stream them in bounded memory.

/// A page of a list, and where the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it; may be nothing, even if it is not the last.
    pub items: Vec<T>,
    /// The cursor to ask for the next page with; `None` when this is the last.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// The same page with each item as `show` makes it.
    pub fn map<U>(self, show: impl FnMut(T) -> U) -> Page<U, C> {
        Page { items: self.items.into_iter().map(show).collect(), next: self.next }
    }

    /// The last page, with nothing on it.
    pub(super) fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }

    /// The page that a store's answer to a question for `limit` rows is.
    pub(super) fn of(items: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> C) -> Self {
        let is_full = u32::try_from(items.len()).is_ok_and(|len| len >= limit);
        let next = items.last().filter(|_| is_full).map(cursor);
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        assert_eq!(Page::of(vec![1, 2], 3, |last| *last).next, None);
        assert_eq!(Page::of(vec![1, 2, 3], 3, |last| *last).next, Some(3));
        assert_eq!(Page::<i32, i32>::of(Vec::new(), 0, |last| *last), Page::empty());
    }
}
