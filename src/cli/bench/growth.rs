//! Whether an enrollment costs more the more certificates there are.

use super::load::Requests;
use super::operations::Stage;
use super::report::StepFigure;
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// The figures of one step are those of a tenth of all.
const STEPS: usize = 10;

/// Enrolls so many times at full speed.
///
/// # Errors
/// When the connection breaks.
pub(super) async fn measure(
    stage: &Stage<'_>,
    total: usize,
    out: &Output,
) -> Result<Vec<StepFigure>, Failure> {
    let request = stage.admin.enrollment();
    let mut steps: Vec<StepFigure> = Vec::new();
    let mut issued = 0;
    for number in 1..=STEPS {
        let next = total * number / STEPS;
        out.progress(&format!("enrolling: {issued} of {total}"));
        let measured = stage.load(Requests::Times(&request, next - issued)).await?;
        issued = next;
        let first = steps.first().map_or(measured.cpu_us, |step| step.cpu_us);
        steps.push(StepFigure {
            certificates: issued,
            per_second: measured.load.rate(),
            cpu_us: measured.cpu_us,
            cpu_ratio: measured.cpu_us.zip(first).map(|(now, first)| now / first),
            not_2xx: measured.load.bad,
            resident_bytes: measured.resident,
        });
    }
    Ok(steps)
}
