// Which data sets a stage's images are of.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "winnow/stage/stage.h"

namespace winnow {

// How the fingerprint of a further test split is called: "test.ilsvrc12-50", of the data set of that name. The stage is
// measured on that data set's test images, too.
inline constexpr std::string_view kFurtherTest = "test.";

// The same of the data set that is the stage's validation part: "validation.dtd-val".
inline constexpr std::string_view kOwnValidation = "validation.";

// The data sets whose images the stage reads, by name, and their fingerprints: its own, further test splits, and that
// of its validation part.
std::map<std::string, std::string> data_sets_of(const Stage&);

}  // namespace winnow
