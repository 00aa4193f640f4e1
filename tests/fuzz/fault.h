// What is wrong with how a parser took an input: it may be taken, or refused with one line.
#pragma once

#include <fmt/format.h>

#include <exception>
#include <string>

#include "winnow/core/error.h"

namespace winnow::fuzz {

// Runs `parse` (which returns what it noticed itself, empty for nothing). `Refusal`: the only exception that may come
// of it.
template <class Refusal, class Parse>
std::string fault_of(Parse parse) {
  try {
    return parse();
  } catch (const InternalError& error) {  // an Error, too, and never the input's
    return fmt::format("failed with: {}", error.what());
  } catch (const Refusal& error) {
    if (std::string(error.what()).find('\n') != std::string::npos)
      return fmt::format("was refused in several lines: {}", error.what());
  } catch (const std::exception& error) {
    return fmt::format("failed with: {}", error.what());
  }
  return "";
}

}  // namespace winnow::fuzz
