// The first 512 bytes of a run file: what makes every flipped, missing or zeroed byte visible. README.md has the
// offsets.
#pragma once

#include <array>
#include <cstddef>

#include "winnow/core/file.h"
#include "winnow/core/hash.h"
#include "winnow/store/run_file.h"

namespace winnow::store {

constexpr std::size_t kUserBlockSize = 512;
constexpr std::uint32_t kSchema = 1;

struct UserBlock {
  std::uint64_t length = 0;  // of all that follows
  Hash128 file_digest;       // of all that follows
  Hash128 identity;
  Hash128 result_digest;
  bool trial = false;  // another magic
};

std::array<std::byte, kUserBlockSize> encode(const UserBlock&);

// Reads the whole file once and compares it with its user block. DataError names the file and what is wrong with it;
// `what` it should be is for the message.
UserBlock verify_bytes(const Path&, const char* what = "run file", Accept = Accept::results);
UserBlock verify_identity(const Path&, const Identity&);  // the same, and DataError for the run file of another stage
UserBlock read_user_block(const Path&);                   // the first 512 bytes alone

}  // namespace winnow::store
