#include "idx.h"

#include <fmt/format.h>
#include <zlib.h>

#include <cstring>
#include <memory>

#include "file_kind.h"
#include "winnow/core/error.h"

namespace winnow::data {

namespace {

constexpr std::uint64_t kLargest = std::uint64_t{1}
                                   << 33;  // 8 GiB: beyond any idx data set, below any machine's address space

class GzFile {
 public:
  explicit GzFile(const Path& path) : path_(path), file_(gzopen(path.c_str(), "rb"), &gzclose) {
    if (!file_ || !is_file(path))
      throw DataError(
          fmt::format("cannot open {}: {}", path.string(), is_file(path) ? std::strerror(errno) : why_no_file(path)));
    gzbuffer(file_.get(), 1 << 18);
  }

  void read(void* target, std::size_t size) {
    auto bytes = static_cast<char*>(target);
    while (size > 0) {
      int n = gzread(file_.get(), bytes, static_cast<unsigned>(std::min<std::size_t>(size, 1 << 30)));
      if (n < 0) fail("a broken gzip stream");
      if (n == 0) fail("the file ends too early (truncated?)");
      bytes += n;
      size -= static_cast<std::size_t>(n);
    }
  }

  void expect_end() {
    char extra;
    int n = gzread(file_.get(), &extra, 1);
    if (n < 0) fail("a broken gzip stream");
    if (n > 0) fail("more data than its header says");
    int code = Z_OK;
    gzerror(file_.get(), &code);
    if (code != Z_OK && code != Z_STREAM_END) fail("a broken gzip stream (truncated?)");
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("{}: {}", path_.string(), what));
  }

 private:
  const Path& path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

std::uint32_t big_endian(const unsigned char* b) {
  return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | b[3];
}

}  // namespace

Idx read_idx(const Path& path, std::size_t dimensions) {
  GzFile file(path);
  unsigned char magic[4];
  file.read(magic, 4);
  if (magic[0] != 0 || magic[1] != 0)
    file.fail(fmt::format("not an idx file: it starts with {:02x} {:02x}, not 00 00", magic[0], magic[1]));
  if (magic[2] != 8) file.fail(fmt::format("element type {:02x}; only unsigned bytes (08) are known", magic[2]));
  if (magic[3] != dimensions) file.fail(fmt::format("{} dimensions where {} are expected", magic[3], dimensions));
  Idx result;
  std::uint64_t count = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    unsigned char size[4];
    file.read(size, 4);
    result.shape.push_back(big_endian(size));
    count *= big_endian(size);
    if (count > kLargest) file.fail("a size beyond 8 GiB in its header");
  }
  // Grown block by block: a header that lies about its size must not allocate what the file does not hold.
  constexpr std::uint64_t kBlock = 1 << 24;
  for (std::uint64_t done = 0; done < count;) {
    std::uint64_t n = std::min(kBlock, count - done);
    result.values.resize(done + n);
    file.read(result.values.data() + done, n);
    done += n;
  }
  file.expect_end();
  return result;
}

}  // namespace winnow::data
