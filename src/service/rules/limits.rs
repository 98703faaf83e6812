//! How often an identity may enroll.

/// Any number of times, as far as the identity or the CA is concerned.
const UNLIMITED: i64 = -1;

/// Why a maximum is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadMaxEnrollments {
    /// Below -1.
    #[error("max_enrollments {0} is below -1")]
    BelowUnlimited(i64),
    /// More than the CA allows, or unlimited where the CA is not.
    #[error("max_enrollments {asked} is more than this CA allows, which is {cap}")]
    AboveCap {
        /// What was asked for; -1 is unlimited.
        asked: i64,
        /// What the CA allows.
        cap: i64,
    },
    /// The CA enrolls nobody.
    #[error("enrollment is disabled on this CA")]
    Disabled,
}

/// What is stored for an identity that is registered with `asked` under a CA whose own maximum is
/// `cap`: 0 asks for the CA's value, -1 is unlimited.
///
/// # Errors
/// [`BadMaxEnrollments`]
pub fn max_enrollments_at_registration(asked: i64, cap: i64) -> Result<i64, BadMaxEnrollments> {
    if asked < UNLIMITED {
        return Err(BadMaxEnrollments::BelowUnlimited(asked));
    }
    match cap {
        0 => Err(BadMaxEnrollments::Disabled),
        ..0 if asked == 0 => Ok(UNLIMITED),
        ..0 => Ok(asked),
        cap if asked == 0 => Ok(cap),
        cap if asked == UNLIMITED || asked > cap => Err(BadMaxEnrollments::AboveCap { asked, cap }),
        _ => Ok(asked),
    }
}

/// What is stored for an identity that holds `held` and is modified with `asked`: 0 leaves it.
/// The CA's own maximum is not looked at here; it bounds every enrollment anyway.
///
/// # Errors
/// [`BadMaxEnrollments::BelowUnlimited`]: Fabric CA stores such values, after which the identity
/// can never enroll.
pub fn max_enrollments_on_modify(held: i64, asked: i64) -> Result<i64, BadMaxEnrollments> {
    match asked {
        0 => Ok(held),
        asked if asked < UNLIMITED => Err(BadMaxEnrollments::BelowUnlimited(asked)),
        asked => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn below_minus_one_is_refused_everywhere() {
        for cap in [-1, 0, 1, 25] {
            for asked in [-2, -5, i64::MIN] {
                assert_eq!(
                    max_enrollments_at_registration(asked, cap),
                    Err(BadMaxEnrollments::BelowUnlimited(asked))
                );
            }
        }
        assert_eq!(max_enrollments_on_modify(3, -2), Err(BadMaxEnrollments::BelowUnlimited(-2)));
    }

    #[test]
    fn an_unlimited_ca_makes_zero_unlimited_and_keeps_everything_else() {
        assert_eq!(max_enrollments_at_registration(0, -1), Ok(-1));
        assert_eq!(max_enrollments_at_registration(-1, -1), Ok(-1));
        assert_eq!(max_enrollments_at_registration(1_000_000, -1), Ok(1_000_000));
    }

    #[test]
    fn a_capped_ca_makes_zero_its_cap_and_refuses_more() {
        assert_eq!(max_enrollments_at_registration(0, 25), Ok(25));
        assert_eq!(max_enrollments_at_registration(25, 25), Ok(25));
        assert_eq!(max_enrollments_at_registration(1, 25), Ok(1));
        for asked in [-1, 26] {
            assert_eq!(
                max_enrollments_at_registration(asked, 25),
                Err(BadMaxEnrollments::AboveCap { asked, cap: 25 })
            );
        }
    }

    #[test]
    fn a_ca_of_zero_enrolls_nobody() {
        assert_eq!(max_enrollments_at_registration(1, 0), Err(BadMaxEnrollments::Disabled));
        assert_eq!(max_enrollments_at_registration(0, 0), Err(BadMaxEnrollments::Disabled));
    }

    #[test]
    fn zero_leaves_the_maximum_when_modifying() {
        assert_eq!(max_enrollments_on_modify(3, 0), Ok(3));
        assert_eq!(max_enrollments_on_modify(3, -1), Ok(-1));
        assert_eq!(max_enrollments_on_modify(-1, 7), Ok(7));
    }
}
