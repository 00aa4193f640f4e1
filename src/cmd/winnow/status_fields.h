// Fields of a run's status (winnow/fleet/status.h), which may be of another version or no status at all: what is
// missing, or of another kind, is none.
#pragma once

#include <optional>
#include <string>

#include "winnow/core/settings.h"

namespace winnow::cmd {

std::optional<double> number(const Value& object, const char* key);
double number_or(const Value& object, const char* key, double other);
std::string text_or(const Value& object, const char* key, const char* other);
Value list(const Value& object, const char* key);  // empty where there is none
bool flag(const Value& object, const char* key);

}  // namespace winnow::cmd
