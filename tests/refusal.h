// What an action is refused with: its message, or "accepted".
#pragma once

#include <string>

#include "winnow/core/error.h"

namespace winnow {

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace winnow
