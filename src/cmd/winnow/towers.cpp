#include "towers.h"

#include "trainer_says.h"

namespace winnow::cmd {

std::optional<Value> towers_of(const Path& snapshot) {
  std::optional<std::string> said = trainer_says({"weights", snapshot.string()});
  if (!said) return std::nullopt;
  return Value::parse(*said);
}

}  // namespace winnow::cmd
