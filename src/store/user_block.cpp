#include "user_block.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <memory>

#include "winnow/core/descriptor.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace {

static_assert(std::endian::native == std::endian::little, "run files are little-endian");

// With a line feed and a byte above 127, as in PNG: a transfer in text mode damages it.
constexpr unsigned char kMagic[8] = {0x89, 'W', 'N', 'W', 'R', 'U', 'N', '\n'};
// Of what a trial wrote: any winnow, an older one too, refuses it as a run file.
constexpr unsigned char kTrialMagic[8] = {0x89, 'W', 'N', 'W', 'T', 'R', 'Y', '\n'};

// Offsets of the fields; the rest is zero, and the last 16 bytes are the digest of the 496 before.
enum Offset : std::size_t {
  magic = 0,
  schema = 8,
  block_size = 12,
  length = 16,
  file_digest = 24,
  identity = 40,
  result_digest = 56,
  own_digest = 496
};

using Block = std::array<std::byte, kUserBlockSize>;

template <class T>
void put(Block& block, std::size_t at, const T& value) {
  std::memcpy(block.data() + at, &value, sizeof value);
}

template <class T>
T get(const Block& block, std::size_t at) {
  T value;
  std::memcpy(&value, block.data() + at, sizeof value);
  return value;
}

Hash128 digest_of(const Block& block) { return hash_of(std::span<const std::byte>(block.data(), own_digest)); }

class Reader {
 public:
  Reader(const Path& path, const char* what) : path_(path), what_(what), fd_(open_existing(path.c_str(), O_RDONLY)) {
    if (fd_ < 0) throw failure("open");
  }
  ~Reader() { ::close(fd_); }
  Reader(const Reader&) = delete;

  // Fewer bytes than asked for only at the end of the file.
  std::size_t read(std::byte* to, std::size_t size) {
    std::size_t got = 0;
    while (got < size) {
      ssize_t n = ::read(fd_, to + got, size - got);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw failure("read");
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    return got;
  }

 private:
  DataError failure(const char* what) const {
    return DataError(fmt::format("cannot {} {} {}: {}", what, what_, path_.string(), std::strerror(errno)));
  }
  const Path& path_;
  const char* what_;
  int fd_;
};

}  // namespace

Block encode(const UserBlock& content) {
  Block block{};
  std::memcpy(block.data() + magic, content.trial ? kTrialMagic : kMagic, sizeof kMagic);
  put(block, schema, kSchema);
  put(block, block_size, static_cast<std::uint32_t>(kUserBlockSize));
  put(block, length, content.length);
  put(block, file_digest, content.file_digest);
  put(block, identity, content.identity);
  put(block, result_digest, content.result_digest);
  put(block, own_digest, digest_of(block));
  return block;
}

namespace {

DataError damaged(const Path& path, const char* what, const std::string& how) {
  return DataError(fmt::format("{} {} {}", what, path.string(), how));
}

UserBlock read_block(Reader& file, const Path& path, const char* what, Accept accept) {
  Block block;
  std::size_t got = file.read(block.data(), block.size());
  bool trial = got >= sizeof kTrialMagic && std::memcmp(block.data(), kTrialMagic, sizeof kTrialMagic) == 0;
  if (trial && accept == Accept::results)
    throw damaged(path, what, "was written by a trial (winnow try): it is the result of no stage");
  if (!trial && (got < sizeof kMagic || std::memcmp(block.data(), kMagic, sizeof kMagic) != 0))
    throw damaged(path, what, fmt::format("is not a {}", what));
  if (got < block.size()) throw damaged(path, what, fmt::format("is truncated: {} bytes, less than its header", got));
  if (get<Hash128>(block, own_digest) != digest_of(block))
    throw damaged(path, what, "is damaged in its header (first 512 bytes)");
  if (std::uint32_t version = get<std::uint32_t>(block, schema); version != kSchema)
    throw damaged(path, what, fmt::format("has schema {}, this winnow reads {}: use a newer winnow", version, kSchema));
  return {get<std::uint64_t>(block, length), get<Hash128>(block, file_digest), get<Hash128>(block, identity),
          get<Hash128>(block, result_digest), trial};
}

}  // namespace

UserBlock read_user_block(const Path& path) {
  Reader file(path, "run file");
  return read_block(file, path, "run file", Accept::results);
}

// Read, not mapped: a file that shrinks under a mapping kills the process, under read() it is an error with a name.
UserBlock verify_bytes(const Path& path, const char* what, Accept accept) {
  Reader file(path, what);
  UserBlock content = read_block(file, path, what, accept);
  constexpr std::size_t kChunk = 1 << 18;
  auto buffer = std::make_unique_for_overwrite<std::byte[]>(std::min<std::size_t>(kChunk, content.length + 1));
  Hasher hasher;
  std::uint64_t seen = 0;
  // One byte more than promised is asked for, so that a file that grew is found, too.
  while (seen <= content.length) {
    std::size_t wanted = std::min<std::uint64_t>(kChunk, content.length + 1 - seen);
    std::size_t n = file.read(buffer.get(), wanted);
    hasher.add(std::span<const std::byte>(buffer.get(), n));
    seen += n;
    if (n < wanted) break;
  }
  if (seen < content.length)
    throw damaged(path, what,
                  fmt::format("is truncated: {} of {} bytes", seen + kUserBlockSize, content.length + kUserBlockSize));
  if (seen > content.length)
    throw damaged(path, what, fmt::format("is longer than its {} bytes", content.length + kUserBlockSize));
  if (hasher.digest() != content.file_digest)
    throw damaged(path, what, "is damaged: its content does not match its digest");
  return content;
}

UserBlock verify_identity(const Path& path, const Identity& identity) {
  UserBlock block = verify_bytes(path);
  if (block.identity != identity)
    throw DataError(
        fmt::format("run file {} holds stage {}, not {}", path.string(), block.identity.hex(), identity.hex()));
  return block;
}

}  // namespace winnow::store
