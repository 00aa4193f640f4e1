// What results cost, in words.
#pragma once

#include <string>

namespace winnow::report {

// "3.25", or "3.25, 0.40 of them in attempts without a result"; seconds of one GPU. Below a tenth of an hour "0.0041".
std::string gpu_hours(double seconds, double in_vain);

}  // namespace winnow::report
