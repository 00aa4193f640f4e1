#include "winnow/stage/cut_rise.h"

namespace winnow {

bool may_cut_rise(const Stage& stage) {
  const Settings& settings = stage.settings;
  if (!settings.has("train.max_steps") || settings.integer("train.max_steps") == 0) return false;
  for (const auto& [key, value] : settings.all())
    if (key.ends_with(".schedule") && value == "grip") return true;
  return false;
}

}  // namespace winnow
