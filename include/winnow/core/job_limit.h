// When the batch job that this process belongs to ends.
#pragma once

#include <optional>

namespace winnow {

// Seconds until then, 0 when it has passed; nothing where no batch system says so (Slurm does: SLURM_JOB_END_TIME).
std::optional<double> seconds_until_job_ends();

}  // namespace winnow
