// Writing a run file: built in memory, written and synced with every return code looked at.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "hdf5_bytes.h"
#include "user_block.h"
#include "winnow/core/error.h"

namespace winnow::store {

namespace {

// A new file that is removed again unless it is finished.
class NewFile {
 public:
  explicit NewFile(const Path& path)
      : path_(path), fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) {
    if (fd_ < 0) throw failure("create");
  }
  ~NewFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!finished_) ::unlink(path_.c_str());
  }
  NewFile(const NewFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      ssize_t n = ::write(fd_, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) throw failure("write");
      bytes = bytes.subspan(static_cast<std::size_t>(n));
    }
  }
  void finish(bool sync) {
    if (sync && ::fsync(fd_) != 0) throw failure("sync");
    if (::close(std::exchange(fd_, -1)) != 0) throw failure("close");
    finished_ = true;
  }

 private:
  DeviceError failure(const char* what) const {
    const char* advice = errno == ENOSPC ? "; free some space or choose another folder with --store" : "";
    return DeviceError(fmt::format("cannot {} run file {}: {}{}", what, path_.string(), std::strerror(errno), advice));
  }
  const Path& path_;
  int fd_;
  bool finished_ = false;
};

}  // namespace

Written write_run_file(const Path& path, const RunContent& run, Sync sync) {
  // The canonical form is not cheap beside a small file: it is made once.
  std::string canonical = run.stage.canonical();
  Identity identity = hash_of(canonical);
  Hash128 result = run.result_digest(identity);
  Memory image = build_image(run, canonical, result);
  std::span<const std::byte> content = image.bytes().subspan(kUserBlockSize);
  UserBlock block{content.size(), hash_of(content), identity, result, run.trial};
  NewFile file(path);
  file.write(encode(block));
  file.write(content);
  file.finish(sync == Sync::now);
  return {image.bytes().size(), block.file_digest, result};
}

}  // namespace winnow::store
