// A stage's device: where all that a method can see lies. Its name on the command line, and its kind in provenance.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>
#include <vector>

namespace winnow::device {

// "cpu", and what the program was linked with besides: the tests' stand-in. UsageError listing what this program knows.
c10::Device named(std::string_view);
std::vector<std::string> names();

// The kind of hardware and, of it, what kernels use: the same stage has the same bits on the same kind. "cpu: NAME
// (family F, model M), AVX512".
std::string kind_of(c10::Device);

}  // namespace winnow::device
