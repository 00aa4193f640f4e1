// What a method that is a program asks of the machine that computes its stages. No part of a result's identity.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "winnow/core/settings.h"
#include "winnow/core/words.h"

namespace winnow {

struct ProgramWishes {
  enum class Device { any, cpu, gpu };
  Device device = Device::any;
  std::int64_t memory = 0;  // bytes that the machine must have; 0: it does not say
};

const Words<ProgramWishes::Device>& program_devices();

// "8 GB", "500 MB", "1.5 TB", "16 GiB": bytes. UsageError with what is allowed.
std::int64_t parse_memory(std::string_view);
std::string memory_text(std::int64_t bytes);  // "8 GB", "8.2 GB"

// Entries `device` and `memory` of what to_json(Program) gives; left out where nothing is asked for.
void put_wishes(const ProgramWishes&, Value& program);
ProgramWishes wishes_of(const Value& program);  // UsageError

}  // namespace winnow
