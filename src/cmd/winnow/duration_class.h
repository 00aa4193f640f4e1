// Which stages of a sweep take about as long as each other.
#pragma once

#include <string>

#include "winnow/stage/stage.h"

namespace winnow::cmd {

struct DurationClass {
  std::string name;  // stable between runs: durations are remembered under it
  double size = 1;   // rows that one of its stages computes, a training row counted three times
};

// By what decides the duration: which code runs on which rows. `label`: the recipe's name for the stage.
DurationClass duration_class(const Stage&, std::string_view label, std::uint32_t width);

}  // namespace winnow::cmd
