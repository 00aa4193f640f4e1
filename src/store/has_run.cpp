#include "has_run.h"

#include <unistd.h>

#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

bool has_run(const Path& file, const Identity& identity, bool verify) try {
  if (::access(file.c_str(), R_OK) != 0) return false;
  if (verify) verify_identity(file, identity);
  return true;
} catch (const DataError&) {
  return false;
}

}  // namespace winnow::store
